"""`python -m alphanet_pl VERB ...` is `alphanet VERB ...`."""

import sys

from alphanet_pl.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
