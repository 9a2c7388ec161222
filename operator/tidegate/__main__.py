"""``python -m tidegate``."""

from __future__ import annotations

import sys

from tidegate.cli import commands

sys.exit(commands.main())
