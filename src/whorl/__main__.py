"""The command ``whorl``, and ``python -m whorl``."""

import sys


def main() -> int:
    """Run the command; Ctrl-C while it is still loading ends it without a traceback too."""
    try:
        from whorl.cli import main as run
    except KeyboardInterrupt:
        return 130
    return run()


if __name__ == "__main__":
    sys.exit(main())
