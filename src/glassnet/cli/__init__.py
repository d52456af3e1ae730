"""The command line: parses and prints, nothing else; each command is a function in a module of its own name."""
