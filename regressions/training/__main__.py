"""Entry point of ``python -m regressions.training``."""

import sys

from regressions.training.cli import main

sys.exit(main())
