"""glassnet threshold: the decision threshold of a model of two classes."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glassnet.cli import completion

if TYPE_CHECKING:
    from glassnet.model.model import Model
    from glassnet.nn.decision import Decision
    from glassnet.train.metrics import Evaluation
    from glassnet.train.threshold import Curve

RECALLS = (0.8, 0.9, 0.95, 0.99, 1.0)  # that are shown where nothing is asked for
COSTS = (3, 10, 30)


def threshold(
    model: Annotated[
        Path,
        typer.Argument(autocompletion=completion.models, help="a model file or the folder of a run, of two classes"),
    ],
    data: Annotated[
        str | None, typer.Option(help="the training data, if it is your own file: CSV, Parquet ...")
    ] = None,
    class_: Annotated[
        str | None, typer.Option("--class", help="the class that matters [default: the rarer one in training]")
    ] = None,
    recall: Annotated[float | None, typer.Option(help="the smallest recall of this class, such as 0.95")] = None,
    cost: Annotated[
        float | None, typer.Option(help="the cost of a missed example, in false alarms, such as 10")
    ] = None,
    at: Annotated[float | None, typer.Option(help="this threshold; 0.5 is the default of a model")] = None,
) -> None:
    """Choose the decision threshold of a model of two classes, and save it in the model.

    Without --recall, --cost or --at it compares thresholds, and changes nothing. The threshold is chosen on the
    validation examples, and measured on the test examples.

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

    wishes = {"recall": recall, "cost": cost, "at": at}
    given = {name: value for name, value in wishes.items() if value is not None}
    if len(given) > 1:
        raise DataError(f"{' '.join(f'--{name} {value:g}' for name, value in given.items())}: use one of them")
    opened = Model.open(model)
    plain = opened.with_decision(None)
    label = _label(opened, class_)
    with TaskBar() as bar:
        dataset = opened.trained_on.dataset(data, "validation", progress=bar)
    result: Any = plain.measure(dataset.validation)
    found = result.curve(label)
    if found is None:
        raise DataError(f"{dataset.name}: the validation examples are all of one class, so they choose no threshold")
    rows = _offered(found, label) if not given else [_chosen(found, label, given)]
    now = opened.decision or Decision(label, 0.5)
    console.print(
        f"Thresholds for {opened.classes[label]!r}, chosen on {len(dataset.validation):,} validation examples "
        f"({found.positives:,} of this class), measured on {len(dataset.test):,} test examples",
        soft_wrap=True,
    )
    _show([("current", now), *rows], [result, plain.measure(dataset.test)], label)
    if given:
        _, kept = rows[0]
        keep_decision(opened, None if at == 0.5 else kept, dataset)
        console.print(f"saved in {opened.path}: it {kept.in_words(opened.classes)}", soft_wrap=True)


def _label(model: "Model", name: str | None) -> int:
    """The number of the class that is named, by default of the rarer one."""
    from glassnet.data.errors import DataError
    from glassnet.nn.plain import nearest

    if name is None:
        return 1 if model.trained_on.usual is None else 1 - int(model.trained_on.usual)
    if name not in model.classes:
        raise DataError(f"--class {name}: there is no such class; {nearest(name, model.classes)}")
    return model.classes.index(name)


def _offered(found: "Curve", label: int) -> list[tuple[str, "Decision"]]:
    """Thresholds for usual wishes."""
    from glassnet.nn.decision import Decision

    by_recall = [(f"recall {share:g}", Decision(label, found.for_recall(share))) for share in RECALLS]
    return by_recall + [(f"cost {cost}", Decision(label, found.for_cost(cost))) for cost in COSTS]


def _chosen(found: "Curve", label: int, given: dict[str, float]) -> tuple[str, "Decision"]:
    """The decision that the one wish asks for, and its name."""
    from glassnet.data.errors import DataError
    from glassnet.nn.decision import Decision
    from glassnet.nn.errors import InputError

    (wish, value), *_ = given.items()
    if wish == "at" and not 0 <= value <= 1:
        raise DataError(f"--at {value:g}: expected a probability from 0 to 1")
    ways: dict[str, Callable[[float], float]] = {"at": float, "recall": found.for_recall, "cost": found.for_cost}
    try:
        return f"{wish} {value:g}", Decision(label, ways[wish](value))
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
        (recall, *_), tested = (_metrics(part, decision, label) for part in parts)
        least = decision.least(label)
        table.add_row(name, "never" if least > 1 else "always" if least < 0 else f"{least:.4g}", recall, *tested)
    console.print(table)


def _metrics(result: "Evaluation", decision: "Decision", label: int) -> list[str]:
    """Recall, precision, and how many examples are missed and are false alarms."""
    said, true = decision.labels(result.probabilities) == label, result.truth == label
    hits, missed, false = int((said & true).sum()), int((~said & true).sum()), int((said & ~true).sum())
    precision = f"{hits / (hits + false):.1%}" if hits + false else ""
    return [f"{hits / max(hits + missed, 1):.1%}", precision, f"{missed:,}", f"{false:,}"]
