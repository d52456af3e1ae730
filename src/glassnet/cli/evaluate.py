"""glassnet evaluate: how good a saved model is."""

from pathlib import Path
from typing import Annotated

import typer

from glassnet.cli import completion
from glassnet.cli.rows import Unknown

SHOWN = 5  # rows that are left out, of which is said why


def evaluate(
    model: Annotated[
        Path,
        typer.Argument(
            autocompletion=completion.models, help="a model file, the folder of a run, or a pretrained model: cnn"
        ),
    ],
    data: Annotated[
        str | None,
        typer.Option(
            autocompletion=completion.datasets,
            help="a dataset, a CSV, Parquet or npz file, a folder; by default the training data",
        ),
    ] = None,
    split: Annotated[str, typer.Option(help="train, validation or test")] = "test",
    importance_: Annotated[
        bool, typer.Option("--importance", help="show the permutation importance of each column of a table")
    ] = False,
    unknown: Unknown = None,
    json_: Annotated[bool, typer.Option("--json", help="print the metrics as JSON")] = False,
) -> None:
    """Measure a saved model: accuracy, each class, the most confused pairs; for a regression, the size of its errors.

    A model of a table can be measured on another table, named with --data: on all rows that it can predict.

    Examples:

    `glassnet evaluate runs/classic-mnist`

    `glassnet evaluate cnn --data mnist`

    `glassnet evaluate runs/table-flowers --data flowers.csv --importance`
    """
    import json
    import sys

    from glassnet.cli.rows import unknown_policy
    from glassnet.cli.terminal import amounts_of, console, show_evaluation
    from glassnet.data.errors import DataError
    from glassnet.model.model import Model
    from glassnet.nn.plain import finite, plain
    from glassnet.progress import TaskBar
    from glassnet.runs.judgement import baselines

    opened = Model.open(model, unknown=unknown_policy(unknown))
    if importance_ and not opened.schema:
        raise DataError("--importance is for the columns of a table, but this model was trained on images")
    with TaskBar() as bar:
        examples, split, about, left_out, dataset = opened.trained_on.evaluation_set(data, split, progress=bar)
    for problem in left_out[:SHOWN]:
        print(f"left out: {plain(problem)}", file=sys.stderr)
    result, judgement = opened.measure(examples), {}
    if opened.schema:
        rows = (examples.x, examples.y) if dataset else examples
        judgement["baselines"] = baselines(rows, opened.schema, opened.trained_on.usual, dataset)
    if importance_ and opened.schema:
        with TaskBar() as bar:
            judgement["importance"] = [one._asdict() for one in opened.importance(rows, progress=bar)]
    if json_:
        table = result.to_table() | judgement
        said = finite(table)
        if said != table:
            said["problem"] = "the network computes numbers that are not finite; they are null"
        typer.echo(json.dumps(said | ({"left_out": len(left_out)} if left_out else {}), allow_nan=False))
        return
    console.print(f"{opened.path} on {about}")
    if opened.decision:
        console.print(f"it {opened.decision.in_words(opened.classes)}")
    if importance_ and not judgement["importance"]:
        print(f"no importance: {result.score_name} is not defined on these rows", file=sys.stderr)
    show_evaluation(result, split=split, amount=amounts_of(opened.schema), judgement=judgement)
