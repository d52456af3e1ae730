"""The error for data that cannot be used."""


class DataError(ValueError):
    """Data cannot be used; the message is one line: where, what was expected, what was found, and what to do."""


class DownloadError(DataError):
    """No mirror sent the file; `said` holds the answer of each."""

    def __init__(self, message: str, said: list[str]) -> None:
        super().__init__(message)
        self.said = said


class MissingDataError(DataError):
    """A dataset is not on this machine: the message says how to get it, its notes what else can be done, and why."""
