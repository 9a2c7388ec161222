"""``python -m tidegate``."""

from __future__ import annotations

import sys

from tidegate.cli import root

sys.exit(root.main())
