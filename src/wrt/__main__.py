"""python -m wrt: the same as the command wrt."""

import sys

from wrt.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
