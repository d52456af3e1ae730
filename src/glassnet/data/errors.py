"""What is said of data that cannot be used."""


class DataError(ValueError):
    """Data that cannot be used; the message says in one line where, what was expected, what came, and what to do."""


class DownloadError(DataError):
    """A file that no mirror gave; `said` holds what each said."""

    def __init__(self, message: str, said: list[str]) -> None:
        super().__init__(message)
        self.said = said


class MissingDataError(DataError):
    """A dataset that is not at hand: the message says how to get it, its notes what else can be done, and why."""
