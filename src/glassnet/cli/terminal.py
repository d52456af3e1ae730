"""What the commands print: figures as tables, digits as characters."""

from typing import TYPE_CHECKING, Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from glassnet.explanation.text import characters
from glassnet.nn.plain import brief, plain

if TYPE_CHECKING:
    from glassnet.data.dataset import Dataset
    from glassnet.tables.schema import Schema
    from glassnet.tables.summary import Summary
    from glassnet.train.metrics import Evaluation
    from glassnet.train.regression import RegressionEvaluation


MOST_COLUMNS = 60  # of a table, in its summary


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


def in_short(result: "Evaluation | RegressionEvaluation") -> str:
    """The figures in one line."""
    from glassnet.train.metrics import Evaluation

    if isinstance(result, Evaluation):
        return f"accuracy {100 * result.accuracy:.2f} %"
    return (
        f"{result.r2_in_words}, mean absolute error {result.mean_absolute_error:.5g}, "
        f"root mean squared error {result.root_mean_squared_error:.5g}"
    )


def show_evaluation(result: "Evaluation | RegressionEvaluation", *, split: str) -> None:
    """Accuracy, a table of the classes, and the most confused pairs; or how far off predicted numbers are."""
    from glassnet.train.regression import RegressionEvaluation

    if isinstance(result, RegressionEvaluation):
        _show_regression(result, split)
        return
    table = Table(box=box.SIMPLE_HEAD, title=None, pad_edge=False)
    table.add_column("class")
    for name in ("precision", "recall", "F1", "examples"):
        table.add_column(name, justify="right")
    for row in result.per_class:
        table.add_row(brief(row.name), f"{row.precision:.2%}", f"{row.recall:.2%}", f"{row.f1:.2%}", f"{row.support:,}")
    console.print(table)
    pairs = result.most_confused(5)
    if pairs:
        console.print("most confused: " + ", ".join(f"{brief(t)} read as {brief(p)} ({n} x)" for t, p, n in pairs))
    wrong = int(np.sum(result.truth != result.predicted))
    auc = "" if result.roc_auc is None else f", ROC AUC {result.roc_auc:.4f}"
    console.print(f"{split} loss {result.loss:.4f}, {wrong:,} of {len(result.truth):,} wrong{auc}")
    console.print(f"{split} {in_short(result)}", style="bold")


def _show_regression(result: "RegressionEvaluation", split: str) -> None:
    low, middle, high = np.quantile(np.abs(result.residuals), (0.25, 0.5, 0.75))
    console.print(
        f"{len(result.truth):,} examples, targets from {result.truth.min():.5g} to {result.truth.max():.5g}, "
        f"standard deviation {result.truth.std():.5g}"
    )
    console.print(f"off by up to: {low:.4g} in a quarter, {middle:.4g} in half, {high:.4g} in three quarters")
    console.print(f"{split} {in_short(result)}", style="bold")


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
