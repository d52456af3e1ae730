"""What a command line of the form [MODEL] FILE... means: the model may be left out."""

from pathlib import Path

DEFAULT = "cnn"  # the pretrained model that is used when none is given


def model_and_files(given: list[Path], command: str) -> tuple[Path | None, list[Path]]:
    """The model file that the first names, if it names one, and the files with examples.

    Args:
        command: whose arguments these are, for messages.

    Raises:
        DataError: a model without a file; a first name of several that is neither.
        ModelFileError: the folder of a run that has no model yet.
    """
    from glassnet.data.errors import DataError
    from glassnet.model.path import is_model, model_path
    from glassnet.nn.plain import nearest
    from glassnet.pretrained.models import pretrained_names

    first, others = model_path(given[0]), given[1:]
    if is_model(first):
        if not others:
            raise DataError(
                f"expected a file with examples besides the model: glassnet {command} {given[0]} PICTURE-OR-FILE"
            )
        return first, others
    if others and (first.is_dir() or (not first.exists() and not first.suffix)):
        raise DataError(
            f"{first}: neither a model nor a file with examples: expected a model file, the folder of a finished run, "
            f"or a pretrained model; {nearest(str(first), pretrained_names())}"
        )
    return None, given
