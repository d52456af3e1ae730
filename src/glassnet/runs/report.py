"""The report of a run: the contents of its folder on one page, which needs no other file, no internet and no script.

A section without data is left out: an unfinished run has no figures yet, a regression has no confusion matrix.
"""

from html import escape
from pathlib import Path
from string import Template

from glassnet import plots
from glassnet.data.dataset import Dataset
from glassnet.nn.network import Network
from glassnet.runs import sections, table_sections
from glassnet.runs.folder import REPORT, SavedRun
from glassnet.runs.html import element, section, together
from glassnet.train.metrics import Evaluation
from glassnet.train.regression import RegressionEvaluation
from glassnet.version import __version__
from glassnet.wholefile import write_whole

PAGE = Path(__file__).parent / "page.html"


def write_report(
    run: SavedRun,
    network: Network | None = None,
    *,
    dataset: Dataset | None = None,
    evaluation: Evaluation | RegressionEvaluation | None = None,
    private: bool = False,
) -> Path:
    """Write the report of a run into its folder; the file appears only when it is complete.

    Args:
        run: from `read_run` of a folder.   network: the network of the run, or None if it has none yet.
        dataset: what it learned from and was tested on; None if it is not at hand.
        evaluation: the results of the network on the test examples.
        private: whether the cells of a table are left out, because they are of people: examples, ranges, worst rows.
            So are they if the recipe says it.

    Raises:
        PlotError: Matplotlib is not installed.   OSError: the file cannot be written.
    """
    path = run.path / REPORT
    private = private or bool(run.recipe and run.recipe.data.private)
    text = report(run, network, dataset=dataset, evaluation=evaluation, private=private)
    write_whole(path, text.encode())
    return path


def report(
    run: SavedRun,
    network: Network | None,
    *,
    dataset: Dataset | None,
    evaluation: Evaluation | RegressionEvaluation | None,
    private: bool,
) -> str:
    """The page as text; arguments and errors as in `write_report`."""
    plots.require()
    images = dataset.test.x if dataset is not None and len(dataset.input_shape) > 1 else None
    spread = None if images is None else images.reshape(len(images), -1).std(axis=0)
    contents = {
        "Baselines": table_sections.baselines(run, dataset, evaluation),
        "Cross-validation": table_sections.folds(run, dataset),
        "Columns": table_sections.columns(None if dataset is None else dataset.columns, private=private),
        "Which columns matter": table_sections.importance(run),
        "Curves": sections.curves(run),
        "Confusion matrix": sections.confusion(run),
        "Each class": sections.classes(run),
        "Most confused": sections.most_confused_pairs(run),
        "Thresholds": table_sections.thresholds(evaluation),
        "Worst mistakes": sections.mistakes(images, evaluation, 255 if dataset is None else dataset.white),
        "Predictions": sections.predictions(evaluation),
        "Worst rows": None if private else table_sections.worst_rows(run, dataset, evaluation),
        "Weights": None if network is None else sections.weights(network, spread),
        "Network": None if network is None else sections.layers(network),
        "Settings": sections.settings(run),
        "Environment": sections.environment(run),
    }
    parts = {title: html for title, html in contents.items() if html is not None}
    names = {title: title.lower().replace(" ", "-") for title in parts}
    links = (element("a", title, href=f"#{names[title]}") for title in parts)
    body = [
        element("header", sections.verdict(run, dataset, evaluation), element("nav", *links, aria_label="Sections")),
        element("main", *(section(names[title], title, html) for title, html in parts.items())),
    ]
    return Template(PAGE.read_text(encoding="utf-8")).substitute(
        title=escape(sections.name_of(run)), version=__version__, body=together(body)
    )
