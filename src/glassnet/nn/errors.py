"""What is said when something given to the library cannot be used."""


class InputError(ValueError):
    """Something given to the library cannot be used; the message says what was expected and what to do."""


def require(condition: bool, message: str) -> None:
    """Raise InputError with this message unless the condition holds."""
    if not condition:
        raise InputError(message)
