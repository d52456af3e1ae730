"""The error for data that cannot be used."""


class DataError(ValueError):
    """Data cannot be used; the message is one line: where, what was expected, what was found, and what to do."""
