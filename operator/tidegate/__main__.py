"""``python -m tidegate``."""

from __future__ import annotations

import sys

from tidegate import cli

sys.exit(cli.main())
