"""`python -m coldtrace`."""

import sys

from coldtrace.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
