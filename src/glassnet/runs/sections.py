"""Makes the sections of a report; a section is None if the run has no data for it."""

import shlex
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from glassnet import plots
from glassnet.data.dataset import Dataset
from glassnet.model.path import RECIPE
from glassnet.nn.array import Array
from glassnet.nn.network import Network
from glassnet.nn.plain import brief
from glassnet.nn.summary import summary_rows
from glassnet.runs.folder import SavedRun
from glassnet.runs.html import Html, element, picture, table, together
from glassnet.train.metrics import Evaluation, PerClass, accuracy_interval, most_confused
from glassnet.train.regression import RegressionEvaluation

MANY = 100  # largest number of classes in the confusion matrix: a table with more columns is not readable
WORST = 24  # number of mistakes shown


def name_of(run: SavedRun) -> str:
    """The title of the run: its folder, recipe and data."""
    folder = run.path.resolve().name
    return f"{folder}: {run.recipe.name} on {Path(run.recipe.data.name).name}" if run.recipe else folder


def verdict(
    run: SavedRun, dataset: Dataset | None = None, evaluation: Evaluation | RegressionEvaluation | None = None
) -> Html:
    """The title of the run, its main result in a sentence, and the key figures."""
    amount = amounts(dataset)
    parts = [element("h1", name_of(run))]
    if run.recipe and run.recipe.about:
        parts.append(element("p", f"Recipe {run.recipe.name}: {run.recipe.about}", class_="about"))
    parts.append(element("p", *_sentence(run, amount), class_="verdict"))
    if isinstance(evaluation, Evaluation) and evaluation.decision:
        parts.append(element("p", f"It {brief(evaluation.decision.in_words(evaluation.classes))}."))
    cards = (element("div", element("dt", name), element("dd", value)) for name, value in _key_figures(run, amount))
    return together([*parts, element("dl", *cards, class_="figures")])


def _sentence(run: SavedRun, amount: Callable[[float], str]) -> Iterable[object]:
    table, n = run.evaluation, run.evaluation.get("examples", 0)
    if not run.finished:
        planned = f" of {run.recipe.training.epochs}" if run.recipe else ""
        return element("strong", "Unfinished"), f"{run.epochs}{planned} epochs are trained; the test comes last."
    r2, off_by = table.get("r2"), table.get("mean_absolute_error")
    if r2 is not None and off_by is not None:
        return (
            element("strong", f"R2 {r2:.3f}"),
            f"on {n:,} test examples, which it has never seen: its predictions are off by {amount(off_by)} on average. "
            "1 is perfect, 0 is no better than always predicting the mean.",
        )
    if "accuracy" not in table:
        return element("strong", f"loss {table['loss']:.6g}"), f"on {n:,} test examples, which it has never seen."
    low, high = accuracy_interval(table["accuracy"], n)
    return (
        element("strong", f"{100 * table['accuracy']:.2f} % right"),
        f"of {n:,} test examples, which it has never seen: {_wrong(run):,} are wrong. "
        f"{100 * low:.2f} to {100 * high:.2f} % is the 95 % interval for {n:,} examples.",
    )


def _wrong(run: SavedRun) -> int:
    return round((1 - run.evaluation["accuracy"]) * run.evaluation["examples"])


def _key_figures(run: SavedRun, amount: Callable[[float], str]) -> Iterable[tuple[str, str]]:
    # The test loss of a regression is in the unit of its target, but the losses of training are not.
    known = {"accuracy", "examples", *(["loss", "r2"] if "r2" in run.evaluation else [])}
    for key, value in run.evaluation.items():
        if key not in known and isinstance(value, int | float) and not isinstance(value, bool):
            shown = f"{value:,}" if isinstance(value, int) else amount(value) if "error" in key else f"{value:.4f}"
            yield f"test {key.replace('_', ' ').replace('roc auc', 'ROC AUC')}", shown
    if run.history.kept_epoch:
        yield "kept epoch", f"{run.history.kept_epoch} of {run.epochs}"
    for name in ("validation_accuracy", "validation_loss"):
        if name in run.history and run.history.kept_epoch:
            value = run.history[name][run.history.kept_epoch - 1]
            yield f"its {name.replace('_', ' ')}", f"{100 * value:.2f} %" if "accuracy" in name else f"{value:.4f}"
    if run.seconds is not None:
        yield "training", f"{run.seconds:,.1f} s"
    if run.network is not None:
        yield "network", run.network
        yield "parameters", f"{run.parameters:,}"
    if run.recipe:
        yield "seed", f"{run.recipe.training.seed}"


def settings(run: SavedRun) -> Html | None:
    """All settings of the recipe, and the command that trains it again."""
    if run.recipe is None:
        return None
    command = f"glassnet train {shlex.quote(str(run.path / RECIPE))}"
    same = "The same recipe gives the same bits on the same machine and versions. To train it again:"
    return together(
        [
            element("p", same, class_="note"),
            element("pre", element("code", command)),
            table("The recipe, every setting", (), run.recipe.settings().items(), class_="code"),
        ]
    )


def environment(run: SavedRun) -> Html | None:
    """Versions and machine."""
    if not run.environment:
        return None
    rows = []
    for key, value in run.environment.items():
        pools = value if isinstance(value, list) else [value]
        rows.append((key, "; ".join(_pairs(pool) if isinstance(pool, dict) else str(pool) for pool in pools)))
    return table("What the bits of the result depend on besides the recipe", (), rows, class_="code")


def _pairs(values: dict[str, object]) -> str:
    return ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in values.items())


def layers(network: Network) -> Html:
    """The layers, with the output shape and the cost of each."""
    head = ("layer", "settings", "output", "parameters", "multiply-adds")
    return table("The layers in order, for one example", head, summary_rows(network.layers), class_="layers")


def curves(run: SavedRun) -> Html | None:
    """Loss and accuracy by epoch."""
    figures = []
    for value in ("loss", "accuracy"):
        if f"training_{value}" in run.history:
            svg = plots.as_svg(plots.curve(run.history, value))
            figures.append(picture(svg, _curve_in_words(run, value), class_="curve"))
    return element("div", *figures, class_="pictures") if figures else None


def _curve_in_words(run: SavedRun, value: str) -> str:
    parts = []
    for data in ("training", "validation"):
        if f"{data}_{value}" in run.history:
            values = run.history[f"{data}_{value}"]
            first, last = (f"{100 * v:.2f} %" if value == "accuracy" else f"{v:.4f}" for v in (values[0], values[-1]))
            parts.append(f"{data} from {first} to {last}")
    return f"Curve of the {value} over {run.epochs} epochs: {', '.join(parts)}"


def confusion(run: SavedRun) -> Html | None:
    """Counts for each pair of truth and prediction; the colour shows mistakes as a share of their row."""
    if "confusion" not in run.evaluation or not 0 < len(run.evaluation["classes"]) <= MANY:
        return None
    counts, classes = np.array(run.evaluation["confusion"]), run.evaluation["classes"]
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    top = max(float(np.where(np.eye(len(counts), dtype=bool), 0, share).max()), 0.01)
    rows = []
    for t, name in enumerate(classes):
        cells: list[object] = [brief(name)]
        for p, count in enumerate(counts[t]):
            shade = f"background: rgba(217, 95, 14, {0.65 * share[t, p] / top:.3f})" if t != p and count else None
            cells.append(element("td", count or "", style=shade, class_="right" if t == p else None))
        rows.append(cells)
    note = "Green is correct. The more orange, the more frequent the mistake."
    grid = table("Truth by row, prediction by column", ("", *classes), rows, class_="confusion")
    return together([element("p", note, class_="note"), grid])


def classes(run: SavedRun) -> Html | None:
    """Precision, recall, F1 and support of each class."""
    if not run.evaluation.get("per_class"):
        return None
    rows = [PerClass(**row) for row in run.evaluation["per_class"]]
    note = (
        "Precision: of the examples predicted as this class, the share that is of this class. "
        "Recall: of the examples of this class, the share that was predicted as this class."
    )
    cells = ((brief(r.name), percent(r.precision), percent(r.recall), percent(r.f1), f"{r.support:,}") for r in rows)
    grid = table("On the test examples", ("class", "precision", "recall", "F1", "support"), cells)
    return together([element("p", note, class_="note"), grid])


def amounts(dataset: Dataset | None) -> Callable[[float], str]:
    """How the target is written: of a table in its unit, else with five digits."""
    known = dataset is not None and dataset.schema is not None and not dataset.classes
    return dataset.schema.target.amount if dataset is not None and known else "{:.5g}".format


def percent(fraction: float) -> str:
    return f"{100 * fraction:.2f} %"


def most_confused_pairs(run: SavedRun) -> Html | None:
    """The most frequent mistakes."""
    if "confusion" not in run.evaluation:
        return None
    pairs = most_confused(np.array(run.evaluation["confusion"]), run.evaluation["classes"], 10)
    caption = "The most frequent mistakes"
    shown = [(brief(t), brief(p), count) for t, p, count in pairs]
    return table(caption, ("truth", "predicted", "how often"), shown, class_="pairs") if pairs else None


def predictions(evaluation: Evaluation | RegressionEvaluation | None) -> Html | None:
    """For a regression: predictions against the truth, and the errors."""
    if not isinstance(evaluation, RegressionEvaluation):
        return None
    drawn = (
        (plots.predicted(evaluation), "Every test example as a dot: the truth to the right, the prediction upwards"),
        (plots.residuals(evaluation), "The errors by prediction, and their distribution"),
    )
    return element("div", *(picture(plots.as_svg(figure), words) for figure, words in drawn), class_="pictures")


def mistakes(images: Array | None, evaluation: Evaluation | RegressionEvaluation | None, white: int) -> Html | None:
    """Pictures of the mistakes that the network was most confident about."""
    if images is None or not isinstance(evaluation, Evaluation):
        return None
    figures = []
    wrong = evaluation.mistakes()
    for i in wrong[:WORST]:
        truth, predicted = (evaluation.classes[labels[i]] for labels in (evaluation.truth, evaluation.predicted))
        caption = Html(f"{element('b', predicted)} {evaluation.sure(i)}<br>") + element("span", f"truth {truth}")
        figures.append(
            picture(
                plots.as_png(images[i], white), f"{truth}, predicted as {predicted}", Html(caption), class_="example"
            )
        )
    if not figures:
        return None
    note = f"The {len(figures)} most confident of {len(wrong):,} mistakes: the answer, its confidence, the truth."
    return together([element("p", note, class_="note"), element("div", *figures, class_="examples")])


def weights(network: Network, spread: Array | None) -> Html:
    """Pictures of the weights of the first units or filters, and a histogram of the weights of each layer."""
    parts = []
    mosaic = plots.weight_mosaic(network, spread)
    if mosaic is not None:
        words = "The weights of the first units or filters: blue is positive, red negative; each has its own scale."
        parts.append(picture(mosaic, f"A small picture for each. {words}", words, class_="mosaic"))
    histograms = []
    for segment in network.segments:
        if segment.name == "W":
            values, name = segment.view(network.theta), network.layers[segment.layer].name
            words = f"The {values.size:,} weights of {name}: mean {values.mean():.4f}, deviation {values.std():.4f}"
            histograms.append(picture(plots.as_svg(plots.weight_histogram(name, values)), words, class_="histogram"))
    parts.append(element("div", *histograms, class_="pictures"))
    return together(parts)
