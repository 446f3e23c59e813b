"""Entry point of ``python -m regressions.capture``."""

import sys

from regressions.capture.cli import main

sys.exit(main())
