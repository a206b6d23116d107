"""``python -m whorl``: the same as the command ``whorl``."""

import sys

from whorl.cli import main

sys.exit(main())
