"""The error for input that the library cannot use."""


class InputError(ValueError):
    """The library cannot use its input; the message states what was expected and what to do."""


def require(condition: bool, message: str) -> None:
    """Raise InputError with this message unless the condition holds."""
    if not condition:
        raise InputError(message)
