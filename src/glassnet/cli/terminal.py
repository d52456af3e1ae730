"""What the commands print: figures as tables, digits as characters."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from glassnet.explanation.text import characters
from glassnet.nn.plain import brief, number_of, plain

if TYPE_CHECKING:
    from glassnet.data.dataset import Dataset
    from glassnet.tables.schema import Schema
    from glassnet.tables.summary import Summary
    from glassnet.train.metrics import Evaluation
    from glassnet.train.regression import RegressionEvaluation


MOST_COLUMNS = 60  # of a table, in its summary
Amount = Callable[[float], str]  # how a target is written, in its unit


class PlainConsole(Console):
    """Prints texts as they are: what a terminal or rich would obey in the name of a class or a file is only shown."""

    def render_str(self, text: str, **settings: Any) -> Text:
        """As rich does it, with control characters written out, except the ends of lines."""
        return super().render_str("\n".join(map(plain, text.split("\n"))), **settings)


console = PlainConsole(highlight=False, markup=False, emoji=False)


def section(title: str) -> None:
    """A heading."""
    console.print(f"\n{title}", style="bold")


def show_dataset(dataset: "Dataset") -> None:
    """How many examples of which form; of a table also what its columns hold."""
    console.print(f"{dataset}")
    if dataset.schema:
        show_schema(dataset.schema)
        show_columns(dataset.columns)


def show_schema(schema: "Schema") -> None:
    """What is predicted from what."""
    classes = schema.target.categories
    shown = ", ".join(map(brief, classes[:8])) + (", ..." if len(classes) > 8 else "")
    what = f"is one of {len(classes)} classes: {shown}" if classes else "is a number"
    console.print(f"task: {schema.task}, because {schema.target.name!r} {what}", soft_wrap=True)
    console.print(f"columns: {len(schema.inputs)}, which become {len(schema.input_names)} inputs", soft_wrap=True)


def show_inputs(schema: "Schema") -> None:
    """What a row must hold: its columns, and how they are written."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("column", "kind", "such as", "may be missing"):
        table.add_column(title, overflow="fold")
    for column in schema.inputs[:MOST_COLUMNS]:
        example = ", ".join(filter(None, column.categories[:8])) if column.categories else column.example
        missing = column.fill is not None or "" in column.categories
        table.add_row(brief(column.name), column.kind, brief(example), "yes" if missing else "no")
    console.print(table)
    if len(schema.inputs) > MOST_COLUMNS:
        console.print(f"and {len(schema.inputs) - MOST_COLUMNS:,} columns more")


def show_columns(summary: "Summary") -> None:
    """What each column holds, how it is written, and examples."""
    for note in summary.notes:
        console.print(f"the file: {note}", soft_wrap=True)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("column", "kind", "written", "holds"):
        table.add_column(title, overflow="fold")
    for column in summary.columns[:MOST_COLUMNS]:
        table.add_row(*(brief(text) for text in column[:4]))
    console.print(table)
    if len(summary.columns) > MOST_COLUMNS:
        console.print(f"and {len(summary.columns) - MOST_COLUMNS:,} columns more")


def amounts_of(schema: "Schema | None") -> Amount:
    """How the target of a table is written; of other data, with five digits."""
    return "{:.5g}".format if schema is None or schema.target.categories else schema.target.amount


def in_short(result: "Evaluation | RegressionEvaluation", amount: Amount = "{:.5g}".format) -> str:
    """The figures in one line.

    Args:
        amount: how a target is written, in its unit.
    """
    from glassnet.train.metrics import Evaluation

    if isinstance(result, Evaluation):
        return f"accuracy {100 * result.accuracy:.2f} %"
    return (
        f"{result.r2_in_words}, mean absolute error {amount(result.mean_absolute_error)}, "
        f"root mean squared error {amount(result.root_mean_squared_error)}"
    )


def show_evaluation(
    result: "Evaluation | RegressionEvaluation",
    *,
    split: str,
    amount: Amount = "{:.5g}".format,
    judgement: dict[str, Any] | None = None,
) -> None:
    """Accuracy, a table of the classes, and the most confused pairs; or how far off predicted numbers are.

    Args:
        amount: how a target is written, in its unit.
        judgement: of a table, what is shown beside: `baselines`, and perhaps the `importance` of its columns.
    """
    from glassnet.train.regression import RegressionEvaluation

    if isinstance(result, RegressionEvaluation):
        _show_regression(result, amount)
    else:
        _show_classes(result, split)
    if judgement:
        _show_beside(result, amount, judgement)
    console.print(f"{split} {in_short(result, amount)}", style="bold", soft_wrap=True)


def _show_classes(result: "Evaluation", split: str) -> None:
    table = Table(box=box.SIMPLE_HEAD, title=None, pad_edge=False)
    table.add_column("class")
    for name in ("precision", "recall", "F1", "examples"):
        table.add_column(name, justify="right")
    for row in result.per_class:
        table.add_row(brief(row.name), f"{row.precision:.2%}", f"{row.recall:.2%}", f"{row.f1:.2%}", f"{row.support:,}")
    console.print(table)
    pairs = result.most_confused(5)
    if pairs:
        console.print("most confused: " + ", ".join(f"{brief(t)} predicted as {brief(p)} ({n} x)" for t, p, n in pairs))
    missed = [row for row in result.per_class if row.support and not row.recall]
    never = [f"{brief(repr(row.name))} ({number_of(row.support, 'example')})" for row in missed]
    if never and len(result.per_class) <= MOST_COLUMNS:
        console.print(f"never predicted correctly: {', '.join(never)}", soft_wrap=True)
    wrong = int(np.sum(result.truth != result.predicted))
    auc = "" if result.roc_auc is None else f", ROC AUC {result.roc_auc:.4f}"
    console.print(f"{split} loss {result.loss:.4f}, {wrong:,} of {len(result.truth):,} wrong{auc}")


def _show_regression(result: "RegressionEvaluation", amount: Amount) -> None:
    low, middle, high = np.quantile(np.abs(result.residuals), (0.25, 0.5, 0.75))
    console.print(
        f"{len(result.truth):,} examples, targets from {amount(result.truth.min())} to {amount(result.truth.max())}, "
        f"standard deviation {amount(result.truth.std())}",
        soft_wrap=True,
    )
    console.print(
        f"off by up to: {amount(low)} in a quarter, {amount(middle)} in half, {amount(high)} in three quarters",
        soft_wrap=True,
    )


def _show_beside(result: "Evaluation | RegressionEvaluation", amount: Amount, judgement: dict[str, Any]) -> None:
    """The network and simpler ways to predict, a line for each; and how important each column is."""
    forms = _forms(amount)
    rows = [{"name": "this network", **result.figures}, *judgement["baselines"]]
    _show_ways(
        [(row["name"], {key: forms[key](row[key]) for key in forms if row.get(key) is not None}) for row in rows]
    )
    if not judgement.get("importance"):
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("column")
    table.add_column(f"{result.score_name} lost if shuffled", justify="right")
    form = forms["accuracy" if result.score_name == "accuracy" else "r2"]
    for row in judgement["importance"][:MOST_COLUMNS]:
        table.add_row(brief(row["column"]), f"{form(row['mean'])} ± {form(row['deviation'])}")
    console.print(table)
    if len(judgement["importance"]) > MOST_COLUMNS:
        console.print(f"and {len(judgement['importance']) - MOST_COLUMNS:,} columns less important")


def show_cross_validation(ways: list[dict[str, Any]], amount: Amount) -> None:
    """Mean and deviation over the folds, a line for each way to predict.

    Args:
        ways: from `cross_validate`.   amount: how a target is written.
    """
    from glassnet.train.metrics import mean_and_deviation

    forms = _forms(amount)
    _show_ways(
        [
            (
                way["name"],
                {key: " ± ".join(map(forms[key], mean_and_deviation(way[key]))) for key in forms if key in way},
            )
            for way in ways
        ]
    )


def folds_in_short(way: dict[str, Any], amount: Amount) -> str:
    """Mean and deviation over the folds of the metric that says most, in one line."""
    from glassnet.train.metrics import mean_and_deviation

    key = next(key for key in ("accuracy", "r2") if key in way)
    return f"{key.upper() if key == 'r2' else key} {' ± '.join(map(_forms(amount)[key], mean_and_deviation(way[key])))}"


def _forms(amount: Amount) -> dict[str, Amount]:
    """How each figure is written."""
    four = "{:.4f}".format
    errors = dict.fromkeys(("mean_absolute_error", "root_mean_squared_error"), amount)
    return {"accuracy": "{:.2%}".format, "roc_auc": four, "average_precision": four, "r2": four, **errors}


def _show_ways(ways: list[tuple[str, dict[str, str]]]) -> None:
    """A line for each way to predict: its name, and its figures as text."""
    shown = list(dict.fromkeys(key for _, figures in ways for key in figures))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for key in shown:
        table.add_column({"roc_auc": "ROC AUC", "r2": "R2"}.get(key, key.replace("_", " ")), justify="right")
    for name, figures in ways:
        table.add_row(brief(name), *(figures.get(key, "") for key in shown))
    console.print(table)


def digit(image: Any, white: int = 255) -> Text:
    """A grey or colour image as characters, two rows of pixels in a line.

    In a terminal with colours each character is an upper half block in two greys; elsewhere a ramp of ASCII characters.
    """
    grey = np.asarray(image, dtype=float)
    if grey.ndim == 1:
        side = int(np.sqrt(len(grey)))
        grey = grey.reshape(side, side)
    if grey.ndim == 3:
        grey = grey.mean(axis=2)
    if console.color_system not in ("256", "truecolor"):
        return Text("".join(f"{line}\n" for line in characters(grey, white=white)))
    grey = np.clip(grey / white, 0, 1)
    if len(grey) % 2:
        grey = np.vstack([grey, np.zeros_like(grey[:1])])
    text = Text()
    for top, bottom in zip((255 * grey[0::2]).astype(int), (255 * grey[1::2]).astype(int), strict=True):
        for a, b in zip(top, bottom, strict=True):
            text.append("▀", style=f"rgb({a},{a},{a}) on rgb({b},{b},{b})")
        text.append("\n")
    return text


def beside(images: list[Any], captions: list[str], *, white: int = 255) -> Table:
    """Images next to each other with a caption under each."""
    grid = Table.grid(padding=(0, 3))
    for _ in images:
        grid.add_column(no_wrap=True)
    grid.add_row(*(digit(image, white) for image in images))
    grid.add_row(*captions)
    return grid
