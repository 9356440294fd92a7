"""`python -m coldscan`."""

import sys

from coldscan.main import main

sys.exit(main())
