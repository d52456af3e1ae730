"""`python -m glassnet` is the command line."""

from glassnet.cli.app import main

if __name__ == "__main__":
    main()
