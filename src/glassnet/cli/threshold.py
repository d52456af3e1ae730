"""glassnet threshold: when a model of two classes says the one that matters."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from glassnet.model.model import Model
    from glassnet.nn.decision import Decision
    from glassnet.train.metrics import Evaluation
    from glassnet.train.threshold import Curve

RECALLS = (0.8, 0.9, 0.95, 0.99, 1.0)  # that are shown where none is asked for


def threshold(
    model: Annotated[Path, typer.Argument(help="a model file or the folder of a run, of two classes")],
    data: Annotated[str | None, typer.Option(help="what it was trained on, where it is a file of yours")] = None,
    class_: Annotated[
        str | None, typer.Option("--class", help="the class that matters [default: the second of the model]")
    ] = None,
    recall: Annotated[float | None, typer.Option(help="find at least this share of its examples, such as 0.95")] = None,
    cost: Annotated[float | None, typer.Option(help="a missed one costs so many false alarms, such as 10")] = None,
    at: Annotated[float | None, typer.Option(help="this threshold; 0.5 says the more probable class")] = None,
) -> None:
    """Choose the probability from which a model says one of its two classes, and keep it in the model.

    Without --recall, --cost or --at it shows what thresholds would give, and changes nothing. The validation examples
    choose the threshold; the test examples say what it is worth.

    Examples:

    `glassnet threshold runs/table-patients --data patients.csv`

    `glassnet threshold runs/table-patients --data patients.csv --recall 0.95`

    `glassnet threshold runs/table-patients --data patients.csv --class ill --cost 10`
    """
    from glassnet.cli.terminal import console
    from glassnet.data.errors import DataError
    from glassnet.model.model import Model
    from glassnet.nn.decision import Decision
    from glassnet.progress import TaskBar
    from glassnet.runs.decide import keep_decision
    from glassnet.train.threshold import curve

    wishes = {"recall": recall, "cost": cost, "at": at}
    given = {name: value for name, value in wishes.items() if value is not None}
    if len(given) > 1:
        raise DataError(f"{' '.join(f'--{name} {value:g}' for name, value in given.items())}: say one of them")
    opened = Model.open(model)
    plain = opened.with_decision(None)
    label = _label(opened, class_)
    with TaskBar() as bar:
        dataset = opened.trained_on.dataset(data, "validation", progress=bar)
    result: Any = plain.measure(dataset.validation)
    found = curve(result, label)
    if found is None:
        raise DataError(f"{dataset.name}: the validation examples are all of one class, so they choose no threshold")
    console.print(
        f"{opened.path}: when does it say {opened.classes[label]!r}? {len(dataset.validation):,} validation examples "
        f"choose, {len(dataset.test):,} test examples measure",
        soft_wrap=True,
    )
    if not given:
        rows = [(f"recall {share:.0%}", Decision(label, found.for_recall(share))) for share in RECALLS]
    else:
        rows = [(" ".join(f"{name} {value:g}" for name, value in given.items()), _chosen(found, label, given))]
    now = opened.decision or Decision(label, 0.5)
    shown = [("as it is now", now), *rows]
    _show(shown, [result, plain.measure(dataset.test)], label)
    if given:
        kept = rows[0][1]
        keep_decision(opened, None if at == 0.5 else kept, dataset)
        console.print(f"kept in {opened.path}: {in_words(opened.classes, kept)}", soft_wrap=True)


def _label(model: "Model", name: str | None) -> int:
    from glassnet.data.errors import DataError
    from glassnet.nn.plain import nearest

    if name is None:
        return 1
    if name not in model.classes:
        raise DataError(f"--class {name}: there is no such class; {nearest(name, model.classes)}")
    return model.classes.index(name)


def _chosen(found: "Curve", label: int, given: dict[str, float]) -> "Decision":
    """The decision that the one wish asks for."""
    from glassnet.data.errors import DataError
    from glassnet.nn.decision import Decision
    from glassnet.nn.errors import InputError

    (wish, value), *_ = given.items()
    if wish == "at":
        if not 0 <= value <= 1:
            raise DataError(f"--at {value:g}: expected a probability from 0 to 1")
        return Decision(label, value)
    try:
        return Decision(label, found.for_recall(value) if wish == "recall" else found.for_cost(value))
    except InputError as error:
        raise DataError(f"--{error}") from None


def _show(decisions: list[tuple[str, "Decision"]], parts: list[Any], label: int) -> None:
    """What each decision gives, of results on the validation and on the test examples."""
    from rich import box
    from rich.table import Table

    from glassnet.cli.terminal import console

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("\n", no_wrap=True)
    for name in ("\nthreshold", "validation\nrecall", "test\nrecall", "\nprecision", "\nmissed", "false\nalarms"):
        table.add_column(name, justify="right")
    for name, decision in decisions:
        (recall, *_), tested = (_figures(part, decision, label) for part in parts)
        least = decision.threshold if decision.label == label else 1 - decision.threshold
        table.add_row(name, "never" if least > 1 else f"{least:.4f}", recall, *tested)
    console.print(table)


def _figures(result: "Evaluation", decision: "Decision", label: int) -> list[str]:
    """Recall, precision, and how many examples are missed and are false alarms."""
    said, true = decision.labels(result.probabilities) == label, result.truth == label
    hits, missed, false = int((said & true).sum()), int((~said & true).sum()), int((said & ~true).sum())
    return [f"{hits / max(hits + missed, 1):.1%}", f"{hits / max(hits + false, 1):.1%}", f"{missed:,}", f"{false:,}"]


def in_words(classes: tuple[str, ...], decision: "Decision") -> str:
    """When a model says the class that its decision is about."""
    if decision.threshold > 1:
        return f"it never says {classes[decision.label]!r}"
    return f"it says {classes[decision.label]!r} where its probability is at least {decision.threshold:.4f}"
