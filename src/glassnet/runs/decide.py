"""Saves the threshold of a model in its file, and what it changes in the run of the model: test metrics and report."""

from dataclasses import replace

from glassnet import plots
from glassnet.data.dataset import Dataset
from glassnet.model.model import Model
from glassnet.model.path import MODEL
from glassnet.nn.decision import Decision
from glassnet.runs.claim import write_json, writing_to
from glassnet.runs.folder import EVALUATION, PICTURES, REPORT, read_run
from glassnet.runs.pictures import draw_thresholds
from glassnet.runs.report import write_report
from glassnet.train.metrics import Evaluation


def keep_decision(model: Model, decision: Decision | None, dataset: Dataset) -> Model:
    """Save a model with another decision between its two classes, and what it gives on the test examples.

    Where the model is that of a run, the metrics of the run change too, and its report if it has one.

    Args:
        decision: None predicts the more probable class.   dataset: what the model was trained on.

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
        if of_run and (folder / REPORT).is_file() and plots.available() and isinstance(result, Evaluation):
            draw_thresholds(folder / PICTURES, result)
            write_report(read_run(folder), changed.network, dataset=dataset, evaluation=result)
    return changed
