"""`python -m glassnet` is the command line."""

if __name__ == "__main__":  # a process of a training reads this file too, and needs no command line
    from glassnet.cli.app import main

    main()
