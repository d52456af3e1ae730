"""The history as JSON lines."""

from pathlib import Path

import numpy as np
import pytest

import glassnet as gn


def test_saved_and_loaded(tmp_path: Path, blobs) -> None:
    history = gn.fit(gn.Network([gn.Dense(3)], input_shape=2), blobs, epochs=3)
    history.save(tmp_path / "history.jsonl")
    assert len((tmp_path / "history.jsonl").read_text().splitlines()) == 3
    assert gn.History.load(tmp_path / "history.jsonl").records == history.records


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(KeyError, match=r"no 'loss'; it has: epoch, training_loss"):
        gn.History([{"epoch": 1, "training_loss": 0.5}])["loss"]


def test_a_training_and_its_evaluation_are_shown_in_one_line(blobs) -> None:
    network = gn.Network([gn.Dense(3)], input_shape=2)
    history = gn.fit(network, blobs, epochs=3, callbacks=[gn.EarlyStopping("training_loss", patience=1, min_delta=9)])
    first = history.records[-1]
    assert repr(history) == (
        f"History(epochs=2, training_loss={first['training_loss']:.4g}, "
        f"training_accuracy={first['training_accuracy']:.4g}, learning_rate=0.1, seconds={first['seconds']:.4g}, "
        f"stopped={history.stopped!r})"
    )
    assert repr(gn.History()) == "History(epochs=0)"
    result = gn.evaluate(network, blobs)
    assert repr(result) == f"Evaluation(accuracy={result.accuracy:.4f}, loss={result.loss:.4f}, examples=300)"
    line = gn.Network([gn.Dense(1)], input_shape=1)
    line.loss = gn.SquaredError()
    line.theta[:] = 1, 1
    measured = gn.evaluate_regression(line, (np.array([[0.0], [1.0], [2.0]]), np.array([[0.0], [2.0], [4.0]])))
    assert repr(measured) == "RegressionEvaluation(r2=0.7500, mean_absolute_error=0.666667, examples=3)"


@pytest.mark.parametrize(
    "line", ["no json", "[1, 2]", '{"loss": 1}', '{"epoch": 3}', '{"epoch": 2, "x": "y"}', "", "[" * 100_000]
)
def test_a_line_that_is_no_record_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text('{"epoch": 1}\n' + line + "\n")
    with pytest.raises(gn.InputError, match=r"history.jsonl, line 2: expected (a|the) record"):
        gn.History.load(path)
