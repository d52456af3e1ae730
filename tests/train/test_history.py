"""The history as JSON lines."""

from pathlib import Path

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


@pytest.mark.parametrize(
    "line", ["no json", "[1, 2]", '{"loss": 1}', '{"epoch": 3}', '{"epoch": 2, "x": "y"}', "", "[" * 100_000]
)
def test_a_line_that_is_no_record_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text('{"epoch": 1}\n' + line + "\n")
    with pytest.raises(gn.InputError, match=r"history.jsonl, line 2: expected (a|the) record"):
        gn.History.load(path)
