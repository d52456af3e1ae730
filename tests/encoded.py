"""What the operations of an ONNX file make of the cells of a table, and what the schema makes of them."""

from pathlib import Path

import numpy as np

import glassnet as gn
from glassnet.tables.schema import Schema
from glassnet.tables.table import Table


def run(path: Path, table: Table, schema: Schema) -> dict[str, np.ndarray]:
    """What ONNX Runtime answers to the cells of a table, by the names of the outputs; the file is checked first."""
    import onnx
    import onnxruntime

    onnx.checker.check_model(path, full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    cells = [np.array(list(table.columns[column.name]), object) for column in schema.inputs]
    names = [output.name for output in session.get_outputs()]
    given = [each.name for each in session.get_inputs()]
    return dict(zip(names, session.run(names, dict(zip(given, cells, strict=True))), strict=True))


def encoded(schema: Schema, table: Table, folder: Path) -> tuple[np.ndarray, list[str]]:
    """The inputs that the operations make of a table, and what is wrong with each row."""
    network = gn.Network([gn.Identity()], input_shape=len(schema.input_names))
    network.loss = gn.SquaredError()
    gn.export_onnx(network, folder / "net.onnx", schema=schema)
    answers = run(folder / "net.onnx", table, schema)
    return answers["outputs"], answers["problem"].tolist()


def same_inputs(schema: Schema, table: Table, folder: Path) -> None:
    """The same rows are refused, and all others have the same inputs."""
    expected, problems, _ = schema.read_examples(table)
    found, said = encoded(schema, table, folder)
    cells = {name: list(column) for name, column in table.columns.items()}
    for row, problem in enumerate(said):
        of_row = {name: column[row] for name, column in cells.items()}
        assert bool(problem) == (row in problems), (of_row, problem, problems.get(row))
        if problem:
            assert np.isnan(found[row]).all(), of_row
        else:
            close = np.allclose(found[row], expected[row], rtol=1e-6, atol=1e-5)
            assert close, (of_row, found[row], expected[row])
