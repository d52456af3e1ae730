"""Hostile files of every kind: read, or refused in one line; never a crash, a warning, or much memory.

`make fuzz` reads far more of them, with limits of time and memory. What it has found is here, one by one.
"""

import gzip
import io
import json
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import glassnet as gn
from glassnet import doctor
from glassnet.data.idx import read_idx
from glassnet.data.own import classes_and_white
from glassnet.nn.plain import plain, shown
from glassnet.recipes.toml import RecipeError
from glassnet.runs.folder import RunError, read_run
from glassnet.tables.column import Column
from glassnet.tables.table import text_table
from glassnet.train.history import History
from hostile.mutations import hostile
from hostile.readers import READERS, check_message, try_file
from hostile.seeds import SEEDS, checkpoints, emnist_files, idx_files, models, seeds, training, zipped

SMALL = """
[network]
hidden = [4]
[optimizer]
type = "SGD"
lr = 0.1
[training]
epochs = 1
"""
several = settings(
    max_examples=40, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("kind", SEEDS)
def test_valid_files_are_read(kind: str, tmp_path: Path) -> None:
    for contents in seeds(kind):
        (tmp_path / "file").write_bytes(contents)
        assert try_file(kind, tmp_path / "file") == "read"
        if kind == "model":
            assert read_run(tmp_path / "file").evaluation  # which the reader may refuse


@pytest.mark.parametrize("kind", SEEDS)
@several
@given(number=st.integers(0, 2**32))
def test_hostile_files_are_read_or_refused_in_one_line(kind: str, tmp_path: Path, number: int) -> None:
    (tmp_path / "file").write_bytes(hostile(kind, number))
    try_file(kind, tmp_path / "file")


def refused(kind: str, tmp_path: Path, contents: bytes) -> str:
    """The one line with which a file is refused."""
    path = tmp_path / "file"
    path.write_bytes(contents)
    with pytest.raises(READERS[kind].errors) as error:
        READERS[kind].read(path)
    message = str(error.value)
    assert message.isprintable()
    assert len(message) < 2000
    assert str(path) in message
    return message


# --- text from a file in a message


@pytest.mark.parametrize(
    ("text", "is_plain"),
    [
        *[
            (text, True)
            for text in ("T-shirt/top", "ä ö", "a\u200cb", "\U0001f469\u200d\U0001f52c", "[red]", "$x$", "")
        ],
        *[
            (text, False)
            for text in ("\x1b[31m", "a\nb", "a\rb", "\x9b2J", "\u202eback", "\u2066x", "\u2028", "\ud800")
        ],
    ],
)
def test_plain_text_leaves_nothing_that_a_terminal_obeys(text: str, is_plain: bool) -> None:
    assert (plain(text) == text) == is_plain
    assert plain(text).encode().isascii() or is_plain
    assert plain(plain(text)) == plain(text)


def test_values_are_shown_cut_short() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    assert shown("x" * 10**6) == "'" + "x" * 199 + "..."
    assert shown(16**5000) == "a int too large to be shown"
    # Whether this can be written out at all depends on Python; either way it is short.
    assert shown(deep) in ("a list too large to be shown", "[" * 200 + "...")


def test_names_in_an_archive_are_written_out_and_cut_short(tmp_path: Path) -> None:
    assert r"got \x1b[31m, " in refused("npz", tmp_path, zipped(**{"\x1b[31m": b"", "x" * 9000: b""}))


# --- numbers and depths


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("about = " + "9" * 5000, "Exceeds the limit"),
        ("data.validation = 0x" + "f" * 9000, "at most 64 bits, got a whole number of 36000 bits"),
        ("about = " + "[" * 3000, "too deep in one another"),
        ("schedule = " + '{type = "WarmUp", over = 1, then = ' * 400 + '"x"' + "}" * 400, "too deep in one another"),
        ('data.name = ["' + "x" * 9000 + '"]', "expected a text, got"),
        ("[a" + ".a" * 600 + "]", "more than 500 dots"),
        ("# " + "x" * 70_000, "at most 65,536 bytes"),
        ('name = "' + "x" * 101 + '"', "expected up to 100 letters"),
        ("data.validation = 1 # \x1b", "expected a recipe in TOML"),
    ],
)
def test_recipes_beyond_measure(line: str, message: str, tmp_path: Path) -> None:
    said = refused("recipe", tmp_path, f"{line}\n{SMALL}".encode())
    assert message in said


def test_a_recipe_of_a_million_million_parameters(tmp_path: Path) -> None:
    for hidden in ("1_000_000, 1_000_000", "4_000_000_000_000_000_000"):
        (tmp_path / "file").write_text(SMALL.replace("4", hidden))
        with pytest.raises(RecipeError, match=r"does not fit into the memory|more than an array can hold"):
            READERS["recipe"].read(tmp_path / "file")


def rewritten(contents: bytes, key: str, change: Any) -> bytes:
    """A safetensors file whose description is changed."""
    arrays = safetensors.numpy.load(contents)
    length = int.from_bytes(contents[:8], "little")
    description = json.loads(json.loads(contents[8 : 8 + length])["__metadata__"][key])
    change(description)
    return safetensors.numpy.save(arrays, {key: json.dumps(description)})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(threshold=10**400), "threshold must be a number of at least 0"),
        (lambda m: m.update(format=2, version="\x1b[31m9"), r"saved by glassnet \\x1b\[31m9 in format 2"),
        (lambda m: m.update(input_shape=[10**3000, 10**3000]), "more than an array can hold"),
        (lambda m: m.update(input_shape=[1] * 70), "more than an array can hold"),
        (lambda m: m["layers"].insert(0, {"type": "Reshape", "shape": [1] * 69 + [6]}), "1 to 32 whole numbers"),
        (lambda m: m["layers"].extend(["ReLU"] * 10_000), "10,004 layers, expected at most 10,000"),
        (lambda m: m.update(classes=["a", "b" * 1001]), "expected names of at most 1,000 characters"),
        (lambda m: m.update(classes=["x" * 10**5] * 9), "expected 2 names"),
        (lambda m: m["layers"][1].update(units=2**64), "at most 64 bits"),
    ],
)
def test_models_beyond_measure(change: Any, message: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(rewritten(models()[0], "glassnet", change))
    with pytest.raises(gn.ModelFileError, match=message):
        gn.load_network(tmp_path / "file")
    refused("model", tmp_path, (tmp_path / "file").read_bytes())


def test_arrays_of_no_layer_are_written_out(tmp_path: Path) -> None:
    contents = models()[0]
    arrays = safetensors.numpy.load(contents) | {"\x1b[31m" + "x" * 5000: np.zeros(1)}
    metadata = json.loads(contents[8 : 8 + int.from_bytes(contents[:8], "little")])["__metadata__"]
    assert r"arrays of no layer: \x1b[31mxxx" in refused("model", tmp_path, safetensors.numpy.save(arrays, metadata))


def test_what_safetensors_says_is_cut_short(tmp_path: Path) -> None:
    header = b'"' + b"x" * 10_000 + b'"'
    for kind in ("model", "checkpoint", "statedict"):
        assert "is another kind or truncated" in refused(kind, tmp_path, len(header).to_bytes(8, "little") + header)


# --- checkpoints: all or nothing


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.update(settings=3), "expected a table of settings, got 3"),
        (lambda s: s["settings"].update(seed="\x1b[31m"), r"its seed is '\x1b[31m', here it is 0"),
        (lambda s: s.update(best_epoch=float("inf")), "expected best_epoch from 0 to 1, got inf"),
        (lambda s: s.update(best_epoch=0), "best network do not agree"),
        (lambda s: s.update(best_value=10**400), "expected best_value"),
        (lambda s: s.update(stopped=["x"]), "expected why it was stopped"),
        (lambda s: s.update(batch=5), "expected batch from 0 to 4, got 5"),
        (lambda s: s.update(epoch=3), "expected epoch from 1 to 2, got 3"),
        (lambda s: s.update(epoch=1, batch=0), "expected batch from 4 to 4, got 0"),
        (lambda s: s.update(weight=-1.0), "expected weight from 0.0 to inf, got -1.0"),
        (lambda s: s.update(went_on=2), "expected went_on from 0 to 1, got 2"),
        (lambda s: s.update(right=True), "expected right from 0 to 8, got True"),
        (lambda s: s.update(seconds=float("nan")), "expected seconds"),
        (lambda s: s.update(history=[], best_epoch=0, epoch=1), "best network do not agree"),
        (lambda s: s["history"][0].pop("training_loss"), "its history lacks training_loss"),
        (lambda s: s["history"].extend({**s["history"][0], "epoch": n} for n in (2, 3, 4)), "it has 4 epochs of 3"),
        (lambda s: s.pop("history"), "it lacks 'history'"),
    ],
)
def test_a_forged_checkpoint_is_refused_before_anything_is_taken(change: Any, message: str, tmp_path: Path) -> None:
    said = refused("checkpoint", tmp_path, rewritten(checkpoints()[1], "glassnet-checkpoint", change))
    assert message in said  # and the reader has seen that the network is untouched


def test_a_checkpoint_of_numbers_that_numpy_lacks(tmp_path: Path) -> None:
    contents = checkpoints()[0]
    length = int.from_bytes(contents[:8], "little")
    header = contents[8 : 8 + length].replace(b'"dtype":"F32"', b'"dtype":"BF16"').replace(b'"shape":[', b'"shape":[2,')
    assert "damaged" in refused(
        "checkpoint", tmp_path, len(header).to_bytes(8, "little") + header + contents[8 + length :]
    )


@pytest.mark.parametrize("name", ["theta", "best.theta", "average.buffers"])
def test_a_checkpoint_that_is_not_finite(name: str, tmp_path: Path) -> None:
    contents = checkpoints()[0]
    arrays = safetensors.numpy.load(contents)
    arrays[name] = np.full_like(arrays[name], np.nan)
    metadata = json.loads(contents[8 : 8 + int.from_bytes(contents[:8], "little")])["__metadata__"]
    assert f"{name} holds NaN" in refused("checkpoint", tmp_path, safetensors.numpy.save(arrays, metadata))


def test_a_checkpoint_of_nothing_is_refused_and_the_network_is_untouched(tmp_path: Path) -> None:
    net, data, arguments = training()
    before = net.theta.copy()
    (tmp_path / "file").write_bytes(models()[0])
    with pytest.raises(gn.CheckpointError, match="holds no checkpoint"):
        gn.fit(net, data, **arguments, callbacks=[gn.Checkpoint(tmp_path / "file")])
    np.testing.assert_array_equal(net.theta, before)


# --- runs that are read back


@pytest.mark.parametrize("value", ["\x1b[31m", "two\nlines", "x" * 9000, [[[[1]]]]])
def test_what_an_evaluation_says_is_shown_plain(value: Any, tmp_path: Path) -> None:
    (contents,) = seeds("evaluation")
    (tmp_path / "file").write_text(json.dumps(json.loads(contents) | {"loss": value}))
    with pytest.raises(RunError, match="expected loss to be a finite number, got ") as error:
        READERS["evaluation"].read(tmp_path / "file")
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 1000


def test_a_model_with_a_recipe_of_tables_in_tables(tmp_path: Path) -> None:
    schedule: Any = "ConstantRate"
    for _ in range(300):
        schedule = {"type": "WarmUp", "over": 1, "then": schedule}
    recipe = {
        "name": "x",
        "network": {"hidden": [2]},
        "optimizer": "Adam",
        "training": {"epochs": 1},
        "schedule": schedule,
    }
    net = gn.Network([gn.Dense(2)], input_shape=1)
    gn.save_network(net, tmp_path / "file", about={"recipe": recipe})
    with suppress(RecipeError):  # how deep is too deep depends on Python: any other error is one
        read_run(tmp_path / "file")


# --- histories, and the kept kernel


def test_histories(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text('{"epoch": 1, "validation_loss": null}\n')
    assert np.isnan(History.load(path)["validation_loss"][0])  # as it is written where it was not finite
    for line in (b"\xff", b'{"epoch": 1, "x": ' + b"9" * 400 + b"}", b'{"epoch": true}', b'"\\u001b[31m"', b"[" * 9999):
        refused("history", tmp_path, line)


def test_a_kept_kernel_of_lists_in_lists_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(doctor.VARIABLE, raising=False)
    monkeypatch.setattr(doctor, "kept_path", lambda: tmp_path / "file")
    (tmp_path / "file").write_text("[" * 100_000)
    assert "is ignored" in doctor.use_kept()


# --- data


def test_an_npy_header_that_ends_in_the_middle(tmp_path: Path) -> None:
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (3, \n"
    array = b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header
    assert "is not a NumPy array" in refused("npz", tmp_path, zipped(**{"x_train.npy": array}))


def test_a_chain_of_tar_headers(tmp_path: Path) -> None:
    header = tarfile.TarInfo("x")
    header.type = tarfile.GNUTYPE_LONGNAME
    chain = header.tobuf(tarfile.GNU_FORMAT) * 5000
    assert "not a .tar.gz archive, or a broken one" in refused("cifar", tmp_path, gzip.compress(chain))


def test_an_idx_file_of_255_dimensions(tmp_path: Path) -> None:
    said = refused("idx", tmp_path, bytes((0, 0, 8, 255)) + b"\xff" * 4 * 255)
    assert "expected at most 64 dimensions, the header promises 255" in said


def test_a_tar_member_of_more_bytes_than_there_can_be(tmp_path: Path) -> None:
    header = tarfile.TarInfo("x")
    header.size = 2**60
    contents = gzip.compress(header.tobuf(tarfile.GNU_FORMAT) + bytes(5000))
    assert "claims more bytes than the archive can hold" in refused("cifar", tmp_path, contents)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1" * 100_000 + "x,y\n" + "1,2\n" * 9, "column 1 has a name of 100,001 characters"),
        ("n,x\n" + "1" * 100_000 + "x,2\n", "there is no column 'y'"),
        (",".join(f"c{i}" for i in range(100_000)) + "\n", "no rows"),
        ("n,y\n" + "1," + "9" * 5000 + "\n" + "1,1\n" * 9, ""),
        ("\0" * 900 + ",x\n1,2\n", "expected a table as text"),
    ],
)
def test_tables_beyond_measure(text: str, message: str, tmp_path: Path) -> None:
    assert message in refused("table", tmp_path, text.encode())


def test_a_bomb_in_a_bomb(tmp_path: Path) -> None:
    (contents,) = emnist_files()
    with zipfile.ZipFile(io.BytesIO(contents)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data + bytes(10**6))
    assert "so it is not a gzip file" in refused("emnist", tmp_path, stream.getvalue())


def test_gzip_in_many_members_with_zero_bytes_behind(tmp_path: Path) -> None:
    images = idx_files()[0]
    parts = [gzip.compress(images[i : i + 5]) for i in range(0, len(images), 5)]
    for padding in (b"", bytes(3), bytes(200_000)):
        (tmp_path / "file").write_bytes(padding.join(parts) + padding)
        assert read_idx(tmp_path / "file").tobytes() == bytes(range(48))
    refused("idx", tmp_path, b"".join(parts)[:-1])
    refused("idx", tmp_path, b"".join(parts) + b"x")


def test_too_many_classes_are_taken_for_a_mistake() -> None:
    y = np.array([0, 1024])
    with pytest.raises(gn.DataError, match="expected labels that number the classes from 0 on, got 1024"):
        classes_and_white({"x_train": np.zeros((2, 2, 2), np.uint8), "y_train": y}, "file")
    net = gn.Network([gn.Dense(5000)], input_shape=1)
    with pytest.raises(gn.InputError, match="expected at most 4,096 classes, got 5,000"):
        gn.evaluate(net, (np.ones((2, 1)), np.array([0, 1])))


@pytest.mark.parametrize("name", ["x" * 100_000, "\x1b[2J" * 1000, "犬" * 5000])
def test_columns_that_a_model_names_are_told_in_short(name: str, tmp_path: Path) -> None:
    schema = {"inputs": [{"name": name}], "target": {"name": name + "y", "categories": ["a", name]}}
    network = gn.Network([gn.Dense(2)], input_shape=1, classes=["a", "b"])
    gn.save_network(network, tmp_path / "forged", about={"table": schema})
    with pytest.raises(gn.ModelFileError, match="do not fit its network"):
        gn.load_schema(tmp_path / "forged")
    found = gn.Schema((Column(name), Column("b", ("c", name))), Column(name + "y"))
    odd = text_table("t.csv", {name: ["none"], "b": ["d"]})
    for ask in (found.examples, found.targets):
        for table in (odd, text_table("t.csv", {})):
            with pytest.raises(gn.DataError) as caught:
                ask(table)
            check_message(caught.value)
