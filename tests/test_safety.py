"""What a file from anyone may not do: run code, lead to other files, or speak to the terminal."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from commandline import glassnet
from glassnet.data.cifar import read_cifar10
from glassnet.data.emnist import read_emnist
from glassnet.data.npz import read_npz
from glassnet.recipes.recipe import load_recipe
from glassnet.runs.run import RunError, resume_run
from glassnet.runs.unfinished import find_unfinished
from hostile.readers import READERS
from hostile.seeds import cifar_files, emnist_files, zipped


class Harmful:
    """What a pickle would run when it is opened."""

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return (Path.touch, (Path("harm"),))


def pickles() -> dict[str, bytes]:
    """A pickle alone, as NumPy, as an npz, and as PyTorch stores it."""
    import pickle

    array = np.array([Harmful()], object)
    npy, npz = io.BytesIO(), io.BytesIO()
    np.save(npy, array)
    np.savez(npz, x_train=array, y_train=array, x_test=array, y_test=array)
    whole = pickle.dumps(Harmful())
    torch = zipped(**{"model/data.pkl": whole, "model/version": b"3\n"})
    return {"model.pkl": whole, "model.npy": npy.getvalue(), "model.npz": npz.getvalue(), "model.pt": torch}


@pytest.mark.parametrize("name", pickles())
def test_no_reader_unpickles(name: str, in_tmp: Path) -> None:
    path = in_tmp / name
    path.write_bytes(pickles()[name])
    for kind, reader in READERS.items():
        if kind == "kernel":
            reader.read(path)
            continue
        with pytest.raises(reader.errors):
            reader.read(path)
    with pytest.raises(gn.DataError):
        gn.load_dataset(path)
    assert not Path("harm").exists()
    assert [p.name for p in in_tmp.iterdir()] == [name]


def test_the_harmful_pickle_would_leave_a_mark(in_tmp: Path) -> None:
    import pickle

    pickle.loads(pickles()["model.pkl"])
    assert Path("harm").exists()


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_members_of_a_tar_file_lead_nowhere(kind: bytes, in_tmp: Path) -> None:
    """Data of plain members is taken, by the last part of their names; nothing is written, no link is followed."""
    stream = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(cifar_files()[0])) as archive,
        tarfile.open(fileobj=stream, mode="w:gz") as forged,
    ):
        for member in archive.getmembers():
            contents = archive.extractfile(member)
            member.name = f"../../{Path(member.name).name}"
            if member.name.endswith("data_batch_2.bin"):
                member.type, member.linkname = kind, "../../data_batch_1.bin"
            forged.addfile(member, contents)
    (in_tmp / "file").write_bytes(stream.getvalue())
    if kind == tarfile.REGTYPE:
        assert len(read_cifar10(in_tmp / "file")["x_train"]) == 5
    else:
        with pytest.raises(gn.DataError, match=r"expected data_batch_2.bin to be"):
            read_cifar10(in_tmp / "file")
    assert [path.name for path in in_tmp.iterdir()] == ["file"]
    assert not (in_tmp.parent / "data_batch_1.bin").exists()


def test_members_of_a_zip_file_lead_nowhere(in_tmp: Path) -> None:
    (in_tmp / "file").write_bytes(emnist_files()[0].replace(b"gzip/emnist-", b"../../nist--"))
    with pytest.raises(gn.DataError, match=r"expected gzip/emnist-letters-train.* got \.\./\.\./nist--"):
        read_emnist(in_tmp / "file", "letters")
    (in_tmp / "npz").write_bytes(zipped(**{"../x_train.npy": b""}))
    with pytest.raises(gn.DataError, match=r"expected x_train.npy in the archive, got \.\./x_train"):
        read_npz(in_tmp / "npz")
    assert sorted(path.name for path in in_tmp.iterdir()) == ["file", "npz"]


# --- paths in files


def small_csv(folder: Path) -> Path:
    """Ten images of 2x2 pixels of two classes."""
    path = folder / "small.csv"
    rows = [f"{row % 2},{','.join([str(255 * (row % 2))] * 4)}\n" for row in range(10)]
    path.write_text("label,a,b,c,d\n" + "".join(rows))
    return path


def small_model(path: Path, *classes: str, data: str = "mnist") -> Path:
    """A network for images of 2x2 pixels, which says that it was trained on this data."""
    net = gn.Network([gn.Rescale(1 / 255), gn.Dense(2)], input_shape=4, classes=classes or ("a", "b"))
    gn.save_network(net, path, about={"recipe": {"data": {"name": data}}})
    return path


@pytest.mark.parametrize("named", ["small.csv", "/etc/passwd", "../private", "\x1b[31m", "elsewhere"])
def test_a_path_in_a_model_file_is_not_followed(named: str, in_tmp: Path) -> None:
    (in_tmp / "data" / "elsewhere").mkdir(parents=True)
    data, model = small_csv(in_tmp), small_model(in_tmp / "m.safetensors", data=named)
    for command in (["evaluate", model], ["ensemble", model, model]):
        done = glassnet(*command, env={"GLASSNET_DATA": str(in_tmp / "data")})
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert f"{named!r}, which is not a registered dataset; a path in a model file is not opened" in done.stderr
    done = glassnet("evaluate", model, "--data", data, "--split", "train")
    assert "train accuracy" in done.stdout, done.stderr


def test_a_recipe_may_name_a_file_and_reading_it_does_not_open_that(in_tmp: Path) -> None:
    text = 'data.name = "/nowhere/data.csv"\nnetwork.hidden = [4]\noptimizer = "Adam"\ntraining.epochs = 1\n'
    (in_tmp / "my.toml").write_text(text)
    assert load_recipe(in_tmp / "my.toml").data.name == "/nowhere/data.csv"


@pytest.mark.parametrize("name", ["history.jsonl", "lock", "pictures/curves.png", "pictures", "model.safetensors.part"])
def test_a_run_with_links_to_elsewhere_is_not_resumed(name: str, in_tmp: Path) -> None:
    run, outside = in_tmp / "run", in_tmp / "precious"
    outside.write_text("precious")
    (run / name).parent.mkdir(parents=True)
    (run / "recipe.toml").write_text(load_recipe_text(in_tmp))
    (run / name).symlink_to(outside)
    with pytest.raises(RunError, match="this is not a plain file, so the run is not resumed"):
        find_unfinished(run)
    (run / name).unlink()
    dataset = gn.load_dataset(small_csv(in_tmp), validation=0)
    unfinished = find_unfinished(run)
    (run / name).symlink_to(outside)  # in the meantime
    with pytest.raises(RunError, match="the run is not resumed"):
        resume_run(unfinished, dataset, pictures=False)
    (run / name).unlink()
    resume_run(unfinished, dataset, pictures=False)
    assert outside.read_text() == "precious"


def load_recipe_text(folder: Path) -> str:
    return f'data.name = "{folder}/small.csv"\nnetwork.hidden = [2]\noptimizer = "Adam"\ntraining.epochs = 1\n'


# --- what a terminal would obey


@pytest.mark.parametrize("name", ["\x1b[31mred", "a\nb", "\u202eback", "\x9b2J", "\ud800", "long" * 250])
def test_names_of_classes_are_kept_and_shown_plain(name: str, in_tmp: Path) -> None:
    model, data = small_model(in_tmp / "m.safetensors", name, "b" + name[1:]), small_csv(in_tmp)
    assert gn.Model.open(model).classes[0] == name
    said = [
        glassnet("evaluate", model, "--data", data, "--split", "train"),
        glassnet("predict", model, data, "--no-draw"),
    ]
    said.append(glassnet("explain", model, data, "--line", "2"))
    for done in said:
        assert done.returncode == 0, done.stderr
        text = done.stdout.replace("\n", "")
        assert text.isprintable()
        assert name not in text
    assert sum(", line " in line for line in said[1].stdout.splitlines()) == 10  # one line each
    with pytest.raises(gn.InputError, match="expected names of at most 1,000 characters"):
        gn.Network([gn.Dense(2)], input_shape=4, classes=[name, "b" * 1001])


def test_class_names_that_rich_would_obey_are_printed_as_they_are(in_tmp: Path) -> None:
    model = small_model(in_tmp / "m.safetensors", "[red]x", "[/]:smile:")
    data = small_csv(in_tmp)
    for command in (["evaluate", model, "--data", data, "--split", "train"], ["predict", model, data]):
        done = glassnet(*command, env={"FORCE_COLOR": "1", "TERM": "xterm-256color"})
        assert done.returncode == 0, done.stderr
        assert "[red]x" in done.stdout
        assert "[/]:smile:" in done.stdout
    done = glassnet("explain", model, data, "--line", "2")
    assert "[/]:smile:" in done.stdout


def test_names_of_files_are_printed_plain(in_tmp: Path) -> None:
    model, data = small_model(in_tmp / "m.safetensors"), small_csv(in_tmp)
    hostile = data.rename(in_tmp / "\x1b]0;title\x07\n\u202e.csv")
    done = glassnet("predict", model, hostile)
    assert done.returncode == 0, done.stderr
    assert "\\x1b]0;title\\x07\\n\\u202e.csv, line 2" in done.stdout
    wrong = in_tmp / "\x1b[31m.csv"
    wrong.write_text("1,2\n")
    refused = [glassnet("predict", model, wrong), glassnet("train", "classic", "--data", wrong)]
    assert [(one.returncode, one.stderr.count("\n")) for one in refused] == [(2, 1), (2, 1)]
    for text in (text for one in (done, *refused) for text in (one.stdout, one.stderr)):
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_the_console_writes_out_what_comes_in_tables_too() -> None:
    from rich.table import Table

    from glassnet.cli.terminal import PlainConsole

    console = PlainConsole(file=io.StringIO(), markup=False, highlight=False)
    table = Table("\x1b[31mhead")
    table.add_row("\x1b[2Jcell")
    console.print(table)
    console.print("two\nlines \x1b[0m")
    text = console.file.getvalue()
    assert "\x1b" not in text
    assert r"\x1b[2Jcell" in text
    assert "two\nlines" in text


def test_a_class_named_like_a_formula_is_drawn_as_it_is(in_tmp: Path) -> None:
    pytest.importorskip("matplotlib", reason="figures need the extra 'plots'")
    from glassnet import plots

    names = (r"$\frac{$", "$x$")
    truth = np.array([0, 1, 1])
    result = gn.Evaluation(0.5, names, truth, truth[::-1], np.full((3, 2), 0.5))
    plots.save(plots.confusion(result), in_tmp / "confusion.png")
    plots.save(plots.mistakes(np.zeros((3, 2, 2), np.uint8), result), in_tmp / "mistakes.png")
