"""Keeps the decision of a model between two classes, in its file and in the figures of its run."""

from dataclasses import replace

from glassnet.data.dataset import Dataset
from glassnet.model.model import Model
from glassnet.model.path import MODEL
from glassnet.nn.decision import Decision
from glassnet.runs.claim import write_json, writing_to
from glassnet.runs.folder import EVALUATION, read_run


def keep_decision(model: Model, decision: Decision | None, dataset: Dataset) -> Model:
    """Save a model with another choice between its two classes, and what it gives on the test examples.

    Where the model is that of a run, the figures of the run change too.

    Args:
        decision: None says the more probable class.   dataset: what the model was trained on.

    Raises:
        InputError: it does not have two classes with probabilities.   RunError, ModelFileError: a file is damaged, or
            cannot be written.
    """
    changed = model.with_decision(decision)
    result = changed.measure(dataset.test)
    changed = replace(changed, about=changed.about | {"test": result.figures})
    folder = model.path.parent
    of_run = model.path.name == MODEL and (folder / EVALUATION).is_file()
    figures = read_run(folder).evaluation if of_run else {}
    with writing_to(folder):
        changed.save()
        if of_run:
            write_json(folder / EVALUATION, figures | result.to_table())
    return changed
