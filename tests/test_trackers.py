"""The callbacks of docs/guide/trackers.md as they stand there: what is read back is what the training has shown."""

import sqlite3
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from commandline import glassnet

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))
import docs

PAGE = docs.DOCS / "guide" / "trackers.md"
(TENSORBOARD, _), (MLFLOW, _), (AFTERWARDS, _) = docs.files(PAGE)
TOLD = "\nhistory.save('history.jsonl')\ngn.save_network(network, 'model.safetensors')\n"


def events(path: Path) -> Iterator[Any]:
    """The events in a file for TensorBoard: each has its length and a checksum before it, and a checksum behind it."""
    from tensorboardX.proto.event_pb2 import Event

    data = path.read_bytes()
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        yield Event.FromString(data[12 : 12 + length])
        data = data[16 + length :]


def run(program: str, folder: Path) -> None:
    """Run a program in a process of its own, as it stands in the page."""
    (folder / "program.py").write_text(program, encoding="utf-8")
    command = [sys.executable, "program.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def metrics(folder: Path, name: str) -> dict[tuple[str, int], float]:
    """What MLflow has stored of the run with this name: each value by its name and its step."""
    query = "SELECT key, step, value FROM metrics JOIN runs USING (run_uuid) WHERE name = ? AND status = 'FINISHED'"
    with closing(sqlite3.connect(folder / "mlflow.db")) as store:
        return {(key, step): value for key, step, value in store.execute(query, [name])}


def by_step(history: gn.History) -> dict[tuple[str, int], float]:
    return {(name, int(record["epoch"])): value for record in history for name, value in record.items()}


@pytest.mark.usefixtures("digits")
def test_tensorboard_gets_settings_records_and_model(in_tmp: Path) -> None:
    pytest.importorskip("tensorboardX", reason="this guide needs the extra 'test'")
    told: dict[str, Any] = {"__name__": "guide"}
    exec(compile(TENSORBOARD, str(PAGE), "exec"), told)
    (path,) = in_tmp.glob("logs/first/events.*")
    values = [(event.step, value) for event in events(path) for value in event.summary.value]
    (settings,) = [value.tensor.string_val[0].decode() for _, value in values if value.tag == "settings/text_summary"]
    assert "Dense(units=32)" in settings
    assert "SGD(lr=0.1" in settings
    found = {(value.tag, step): value.simple_value for step, value in values if step}
    expected = {key: float(np.float32(value)) for key, value in by_step(told["history"]).items() if key[0] != "epoch"}
    assert found == expected
    assert {step for _, step in found} == set(range(1, 21))
    saved = gn.load_network(in_tmp / "logs" / "first" / "model.safetensors")
    np.testing.assert_array_equal(saved.theta, told["network"].theta)


@pytest.mark.repeats  # MLflow is large, and only make fuzz installs it
@pytest.mark.skipif(find_spec("mlflow") is None, reason="this guide needs the extra 'fuzz'")
def test_mlflow_gets_settings_records_and_model(tmp_path: Path) -> None:
    run(MLFLOW + TOLD, tmp_path)
    assert metrics(tmp_path, "first") == by_step(gn.History.load(tmp_path / "history.jsonl"))
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as store:
        settings = dict(store.execute("SELECT key, value FROM params").fetchall())
    assert settings["epochs"] == "20"
    assert "'lr': 0.1" in settings["optimizer"]
    (model,) = tmp_path.glob("mlruns/*/*/artifacts/model.safetensors")
    assert model.read_bytes() == (tmp_path / "model.safetensors").read_bytes()
    command = next(call for call in docs.commands(PAGE) if call.startswith("glassnet train"))
    assert glassnet(*command.split()[1:], cwd=tmp_path).returncode == 0
    run(AFTERWARDS, tmp_path)
    assert metrics(tmp_path, "mine") == by_step(gn.History.load(tmp_path / "runs" / "mine" / "history.jsonl"))
    names = {path.name for path in tmp_path.glob("mlruns/*/*/artifacts/*")}
    assert {"model.safetensors", "recipe.toml", "history.jsonl"} <= names
