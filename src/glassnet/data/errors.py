"""What is said of data that cannot be used."""


class DataError(ValueError):
    """Data that cannot be used; the message says in one line where, what was expected, what came, and what to do."""
