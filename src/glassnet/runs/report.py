"""The report of a run: the contents of its folder on one page, which needs no other file, no internet and no script.

A section without data is left out: an unfinished run has no figures yet, a regression has no confusion matrix.
"""

from html import escape
from pathlib import Path
from string import Template

from glassnet import plots
from glassnet.nn.array import Array
from glassnet.nn.network import Network
from glassnet.runs import sections
from glassnet.runs.folder import REPORT, SavedRun
from glassnet.runs.html import element, section, together
from glassnet.tables.summary import Summary
from glassnet.train.metrics import Evaluation
from glassnet.train.regression import RegressionEvaluation
from glassnet.version import __version__
from glassnet.wholefile import write_whole

PAGE = Path(__file__).parent / "page.html"


def write_report(
    run: SavedRun,
    network: Network | None = None,
    *,
    examples: Array | None = None,
    evaluation: Evaluation | RegressionEvaluation | None = None,
    white: int = 255,
    columns: Summary | None = None,
) -> Path:
    """Write the report of a run into its folder; the file appears only when it is complete.

    Args:
        run: from `read_run` of a folder.   network: the network of the run, or None if it has none yet.
        examples: the test examples (N, ...); if they are images, the worst mistakes are shown.
        evaluation: the results of the network on these examples.   white: the largest value of a pixel.
        columns: what the columns of a table hold, `dataset.columns`.

    Raises:
        PlotError: Matplotlib is not installed.   OSError: the file cannot be written.
    """
    path = run.path / REPORT
    text = report(run, network, examples=examples, evaluation=evaluation, white=white, columns=columns)
    write_whole(path, text.encode())
    return path


def report(
    run: SavedRun,
    network: Network | None,
    *,
    examples: Array | None,
    evaluation: Evaluation | RegressionEvaluation | None,
    white: int,
    columns: Summary | None,
) -> str:
    """The page as text; arguments and errors as in `write_report`."""
    plots.require()
    images = examples if examples is not None and examples.ndim > 2 else None
    spread = None if images is None else images.reshape(len(images), -1).std(axis=0)
    contents = {
        "Columns": sections.columns(columns),
        "Curves": sections.curves(run),
        "Confusion matrix": sections.confusion(run),
        "Each class": sections.classes(run),
        "Most confused": sections.most_confused_pairs(run),
        "Worst mistakes": sections.mistakes(images, evaluation, white),
        "Predictions": sections.predictions(evaluation),
        "Weights": None if network is None else sections.weights(network, spread),
        "Network": None if network is None else sections.layers(network),
        "Settings": sections.settings(run),
        "Environment": sections.environment(run),
    }
    parts = {title: html for title, html in contents.items() if html is not None}
    names = {title: title.lower().replace(" ", "-") for title in parts}
    links = (element("a", title, href=f"#{names[title]}") for title in parts)
    body = [
        element("header", sections.verdict(run), element("nav", *links, aria_label="Sections")),
        element("main", *(section(names[title], title, html) for title, html in parts.items())),
    ]
    return Template(PAGE.read_text(encoding="utf-8")).substitute(
        title=escape(sections.name_of(run)), version=__version__, body=together(body)
    )
