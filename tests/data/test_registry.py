import gzip
import hashlib
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from data.mirror_server import Mirror
from glassnet.data.csv import write_csv
from glassnet.data.dataset import Dataset
from glassnet.data.errors import DataError, MissingDataError
from glassnet.data.files import sha256_of, sha256_of_content
from glassnet.data.idx import FOUR_FILES, write_idx
from glassnet.data.published import DIGITS, Entry, RemoteFile, read_csv_files, read_four
from glassnet.data.registry import (
    ENTRIES,
    check_dataset,
    dataset_names,
    find_dataset,
    get_dataset,
    load_dataset,
)

RANDOM = np.random.default_rng(0)
FOUR = {
    "x_train": RANDOM.integers(0, 256, (100, 4, 4), dtype=np.uint8),
    "y_train": np.arange(100) % 10,
    "x_test": RANDOM.integers(0, 256, (20, 4, 4), dtype=np.uint8),
    "y_test": np.arange(20) % 10,
}


def write_four(folder: Path, suffix: str = ".gz") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zip(FOUR_FILES, FOUR.values(), strict=True):
        write_idx(folder / (name.removesuffix(".gz") + suffix), array.astype(np.uint8))
    return folder


@pytest.fixture
def toy(tmp_path: Path) -> Entry:
    """A registered dataset in the form of MNIST, whose files lie in tmp_path/published."""
    folder = write_four(tmp_path / "published")
    files = tuple(
        RemoteFile(name, path.stat().st_size, sha256_of(path), sha256_of_content(path))
        for name in FOUR_FILES
        if (path := folder / name)
    )
    return Entry("toy", "random pixels", "toy", DIGITS, read_four, files)


@pytest.fixture
def toy_csv(toy: Entry) -> Entry:
    return Entry("toy-csv", "the same as CSV", "toy-csv", DIGITS, read_csv_files, derived_from=toy)


@pytest.fixture
def published(mirror: Mirror, home: Path, toy: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mirror:
    """A mirror that has the toy dataset."""
    monkeypatch.setenv("GLASSNET_MIRROR", mirror.address)
    for name in FOUR_FILES:
        mirror.files[f"/toy/{name}"] = (tmp_path / "published" / name).read_bytes()
    return mirror


@pytest.fixture
def data(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that GLASSNET_DATA names."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("GLASSNET_DATA", str(folder))
    return folder


def check_toy(entry: Entry, validation: int = 20) -> None:
    dataset = load_dataset(entry)
    assert len(dataset.train) == 100 - validation
    assert len(dataset.validation) == validation
    rows = np.sort(np.concatenate([dataset.train.index, dataset.validation.index]))
    assert rows.tolist() == list(range(100))
    assert np.array_equal(dataset.train.inputs, FOUR["x_train"])
    assert np.array_equal(dataset.train.targets, FOUR["y_train"])
    assert np.array_equal(dataset.test.x, FOUR["x_test"])
    assert np.array_equal(dataset.test.y, FOUR["y_test"])


# The register


def test_the_registered_datasets() -> None:
    assert dataset_names() == [
        "mnist",
        "mnist-csv",
        "fashion-mnist",
        "kmnist",
        *(f"emnist-{split}" for split in ("balanced", "letters", "digits", "mnist", "byclass", "bymerge")),
        "cifar-10",
        "digits",
    ]


def test_every_file_has_a_checksum_a_size_and_a_mirror() -> None:
    for entry in ENTRIES.values():
        assert bool(entry.files) == bool(entry.mirrors) == (entry.name not in ("digits", "mnist-csv"))
        for file in entry.files:
            for digest in (file.sha256, file.content_sha256):
                assert digest is None or (len(digest) == 64 and int(digest, 16))
            assert file.size > 1000
        for address in entry.mirrors:
            assert urlsplit(address).scheme in ("http", "https")
            assert address.endswith("/")
            assert "lecun" not in address  # has refused everyone since 2024
        assert len(set(entry.classes)) == len(entry.classes)
    digests = [file.sha256 for entry in ENTRIES.values() for file in entry.files if entry.folder != "emnist"]
    assert len(set(digests)) == len(digests)


@pytest.mark.mnist
def test_real_mnist(home_with_mnist: Path) -> None:
    mnist = load_dataset("mnist", download=False)
    assert repr(mnist) == "mnist: 55,000 train, 5,000 validation, 10,000 test, 28x28 uint8, 10 classes"
    assert mnist.white == 255
    assert mnist.train.inputs is mnist.validation.inputs
    assert mnist.test.x is mnist.test.inputs
    assert mnist.train.targets is not None
    assert mnist.test.y is not None
    assert mnist.train.targets[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert mnist.test.y[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert round(float(mnist.train.inputs.mean()) / 255, 4) == 0.1307
    assert np.bincount(mnist.validation.y).tolist() == [494, 562, 496, 511, 487, 452, 493, 522, 487, 496]
    assert {state for _, state in check_dataset("mnist")} == {"ok"}
    assert find_dataset("mnist") is not None


@pytest.mark.mnist
def test_real_mnist_as_csv_is_the_same(home_with_mnist: Path) -> None:
    mnist, from_csv = load_dataset("mnist", download=False), load_dataset("mnist-csv", download=False)
    for part in ("train", "validation", "test"):
        one, other = getattr(mnist, part), getattr(from_csv, part)
        assert np.array_equal(one.index, other.index)
        assert np.array_equal(one.inputs, other.inputs)
        assert np.array_equal(one.targets, other.targets)
    assert sorted(path.name for path in (home_with_mnist / "mnist-csv").iterdir()) == ["test.csv", "train.csv"]


def test_the_8x8_digits(home: Path) -> None:
    pytest.importorskip("sklearn", reason="the 8x8 digits need the extra 'sklearn'")
    dataset = load_dataset("digits")
    assert repr(dataset) == "digits: 1,151 train, 287 validation, 359 test, 8x8 uint8, 10 classes"
    assert dataset.white == 16
    assert find_dataset("digits") == get_dataset("digits")
    assert check_dataset("digits") == []


def test_the_8x8_digits_without_scikit_learn() -> None:
    run = """
import sys; sys.modules["sklearn"] = None
from glassnet.data.registry import find_dataset, get_dataset, load_dataset
print(find_dataset("digits"))
for function in (load_dataset, get_dataset):
    try: function("digits")
    except ValueError as error: print(error)
"""
    answer = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines() == ["None"] + 2 * [
        "the 8x8 digits come with scikit-learn: pip install 'glassnet[sklearn]'"
    ]


# Names and paths


def test_an_unknown_name_is_answered_with_the_nearest_and_all(home: Path) -> None:
    for name, nearest in (("mnits", "mnist"), ("Fashion-MNIST", "fashion-mnist"), ("cifar10", "cifar-10")):
        for function in (load_dataset, find_dataset, get_dataset, check_dataset):
            with pytest.raises(
                DataError, match=f"unknown dataset '{name}'; did you mean '{nearest}'.* one of: mnist, "
            ):
                function(name)
    with pytest.raises(DataError, match=r"unknown dataset 'xyzzy'; expected a path or one of: mnist, .*digits;"):
        load_dataset("xyzzy")
    with pytest.raises(DataError, match="unknown dataset ''"):
        load_dataset("")


def test_a_path_that_does_not_exist(home: Path, tmp_path: Path) -> None:
    for name in ("absent.csv", "absent.npz", "some/folder", tmp_path / "absent", Path("mnist")):
        with pytest.raises(DataError, match="there is no such file or folder"):
            load_dataset(name)


def test_files_of_ones_own(home: Path, tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", FOUR["x_train"], FOUR["y_train"])
    np.savez(tmp_path / "b.npz", **FOUR)
    folder = write_four(tmp_path / "c", suffix="")
    for path, form in (
        (tmp_path / "a.csv", "a: 64 train, 16 validation, 20 test, 4x4 uint8, 10 classes"),
        (tmp_path / "b.npz", "b: 80 train, 20 validation, 20 test, 4x4 uint8, 10 classes"),
        (folder, "c: 80 train, 20 validation, 20 test, 4x4 uint8, 10 classes"),
    ):
        for name in (path, str(path)):
            dataset = load_dataset(name)
            assert repr(dataset) == form
            assert dataset.white == 255
        assert find_dataset(path) == get_dataset(path) == path
        with pytest.raises(DataError, match="have no published checksum"):
            check_dataset(path)


def test_a_csv_file_without_labels_is_no_dataset(home: Path, tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", FOUR["x_train"])
    with pytest.raises(DataError, match="expected a label column"):
        load_dataset(tmp_path / "a.csv")


def test_a_folder_of_ones_own_below_the_data_folder(data: Path) -> None:
    write_four(data / "letters")
    assert repr(load_dataset("letters")).startswith("letters: 80 train")
    assert find_dataset("letters") == data / "letters"


def test_labels_and_images_of_different_counts(home: Path, tmp_path: Path) -> None:
    folder = write_four(tmp_path / "c")
    write_idx(folder / FOUR_FILES[1], np.zeros(99, np.uint8))
    with pytest.raises(DataError, match=r"holds 100 images, but .* 99 labels"):
        load_dataset(folder)


def test_labels_outside_the_classes(home: Path, toy: Entry, tmp_path: Path, data: Path) -> None:
    folder = write_four(data / "toy")
    assert folder.is_dir()
    with pytest.raises(DataError, match=r"toy: train: expected labels from 0 to 8, got 9 in row 9"):
        load_dataset(replace(toy, classes=DIGITS[:9]))


# Splits


def test_held_out_examples(data: Path, toy: Entry) -> None:
    write_four(data / "toy")
    for asked, held_out in ((0, 0), (5, 5), (20, 20), (21, 20), (5000, 20)):
        dataset = load_dataset(toy, validation=asked)
        assert len(dataset.validation) == held_out
        assert len(dataset.train) == 100 - held_out
    assert np.bincount(load_dataset(toy).validation.y).tolist() == [2] * 10
    with pytest.raises(DataError, match="validation must not be negative, got -1"):
        load_dataset(toy, validation=-1)
    with pytest.raises(DataError, match="seed must be"):
        load_dataset(toy, seed=-1)


def test_the_seed_moves_the_validation_examples_but_not_the_test_examples(home: Path, tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", FOUR["x_train"], FOUR["y_train"])
    first, again, other = (load_dataset(tmp_path / "a.csv", seed=seed) for seed in (1, 1, 2))
    few = load_dataset(tmp_path / "a.csv", seed=1, validation=2)
    for dataset in (again, other, few):
        assert np.array_equal(dataset.test.index, first.test.index)
        together = np.concatenate([dataset.train.index, dataset.validation.index, dataset.test.index])
        assert sorted(together) == list(range(100))
        for split in (dataset.train, dataset.validation, dataset.test):
            assert (np.diff(split.index) > 0).all()
    assert np.array_equal(again.validation.index, first.validation.index)
    assert not np.array_equal(other.validation.index, first.validation.index)


# Finding, checking, downloading


def test_what_is_missing_is_downloaded_once(published: Mirror, toy: Entry, home: Path) -> None:
    assert find_dataset(toy) is None
    assert check_dataset(toy) == [(str(home / "toy" / name), "missing") for name in FOUR_FILES]
    seen: set[str] = set()
    load_dataset(toy, progress=lambda what, *_: seen.add(what))
    assert seen == set(FOUR_FILES)
    check_toy(toy)
    assert [path for path, _ in published.requests] == [f"/toy/{name}" for name in FOUR_FILES]
    assert find_dataset(toy) == home / "toy"
    assert check_dataset(toy) == [(str(home / "toy" / name), "ok") for name in FOUR_FILES]


def test_some_of_the_files_are_not_the_dataset(data: Path, toy: Entry) -> None:
    (write_four(data / "toy") / FOUR_FILES[2]).unlink()
    assert find_dataset(toy) is None


def test_get_downloads_only_what_is_missing(published: Mirror, toy: Entry, home: Path) -> None:
    assert get_dataset(toy) == home / "toy"
    (home / "toy" / FOUR_FILES[2]).unlink()
    published.requests.clear()
    assert get_dataset(toy) == home / "toy"
    assert published.requests == [(f"/toy/{FOUR_FILES[2]}", None)]


def test_the_registered_mirrors_are_used_in_order(
    mirror: Mirror, home: Path, toy: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GLASSNET_MIRROR")
    for name in FOUR_FILES:
        mirror.files[f"/b/{name}"] = (tmp_path / "published" / name).read_bytes()
    check_toy(replace(toy, mirrors=(f"{mirror.address}/a/", f"{mirror.address}/b/")))
    assert [path for path, _ in mirror.requests][:2] == [f"/a/{FOUR_FILES[0]}", f"/b/{FOUR_FILES[0]}"]


def test_files_at_hand_need_no_download(data: Path, toy: Entry) -> None:
    write_four(data / "toy")
    check_toy(toy)
    assert find_dataset(toy) == get_dataset(toy) == data / "toy"


def test_the_cache_is_used_after_the_data_folder(data: Path, toy: Entry, home: Path) -> None:
    write_four(home / "toy")
    check_toy(toy)
    assert find_dataset(toy) == home / "toy"
    write_four(data / "toy")
    assert find_dataset(toy) == data / "toy"
    (data / "toy" / FOUR_FILES[1]).unlink()  # this one then comes from the cache
    check_toy(toy)
    assert find_dataset(toy) is not None


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_copies_that_are_unzipped_or_zipped_anew_pass(data: Path, toy: Entry, suffix: str) -> None:
    folder = write_four(data / "toy", suffix="")
    for path in list(folder.iterdir()):
        contents = path.read_bytes()
        path.unlink()
        (folder / (path.name + suffix)).write_bytes(gzip.compress(contents, 1) if suffix else contents)
    check_toy(toy)
    assert {state for _, state in check_dataset(toy)} == {"ok"}


@pytest.mark.parametrize("kind", ["other", "broken", "truncated", "empty"])
def test_a_wrong_file_in_the_data_folder_is_named_and_left_alone(
    data: Path, published: Mirror, toy: Entry, kind: str
) -> None:
    path = write_four(data / "toy") / FOUR_FILES[3]
    whole = path.read_bytes()
    damaged = {
        "other": gzip.compress(gzip.decompress(whole)[:-1] + b"\0"),
        "broken": whole[:-8] + bytes(8),
        "truncated": whole[:-1],
        "empty": b"",
    }[kind]
    path.write_bytes(damaged)
    found = hashlib.sha256(damaged).hexdigest()
    wrong = f"wrong checksum: expected sha256 {toy.files[3].sha256}, found {found}"
    for function in (load_dataset, get_dataset):
        with pytest.raises(DataError, match=f"{path}: {wrong}; replace or remove the file"):
            function(toy)
    assert check_dataset(toy)[3] == (str(path), wrong)
    assert path.read_bytes() == damaged
    assert not published.requests


def test_a_wrong_file_in_the_cache_is_downloaded_again(published: Mirror, toy: Entry, home: Path) -> None:
    path = write_four(home / "toy") / FOUR_FILES[0]
    path.write_bytes(b"damaged")
    with pytest.raises(DataError, match="wrong checksum"):
        load_dataset(toy, download=False)
    assert path.read_bytes() == b"damaged"
    check_toy(toy)
    assert [path for path, _ in published.requests] == [f"/toy/{FOUR_FILES[0]}"]


def test_a_wrong_file_in_the_cache_is_dropped_even_if_there_is_no_other(home: Path, toy: Entry) -> None:
    path = write_four(home / "toy") / FOUR_FILES[0]
    path.write_bytes(b"damaged")
    with pytest.raises(DataError, match="could not be downloaded"):
        load_dataset(toy)
    assert not path.exists()


def test_without_a_network_it_says_which_files_to_put_where(home: Path, toy: Entry, mirror: Mirror) -> None:
    with pytest.raises(MissingDataError) as offline:
        load_dataset(toy)
    with pytest.raises(MissingDataError) as asked:
        load_dataset(toy, download=False)
    assert str(offline.value) == "toy could not be downloaded; with a network try again: glassnet data get toy"
    assert str(asked.value) == "toy is not on this machine; get it with: glassnet data get toy"
    digits, cache, *where = asked.value.__notes__
    assert 'the dataset "digits"' in digits
    assert cache == f"or put these files into {home / 'toy'},"
    assert where == [f"or into toy in the folder that GLASSNET_DATA names: {', '.join(FOUR_FILES)}"]
    assert offline.value.__notes__[:3] == asked.value.__notes__
    assert f"127.0.0.1:9/toy/{FOUR_FILES[0]}: no answer" in offline.value.__notes__[3]


def test_the_fallback_is_taken_and_said(home: Path, toy: Entry, digits: Dataset) -> None:
    with pytest.warns(UserWarning, match="digits is used instead: toy could not be downloaded"):
        instead = load_dataset(toy, fallback="digits", validation=100)
    assert (instead.name, len(instead.validation)) == ("digits", 100)
    with pytest.raises(MissingDataError, match="toy could not be downloaded") as failed:
        load_dataset(toy, fallback="kmnist")
    assert (
        failed.value.__notes__[-1]
        == "kmnist could not be downloaded; with a network try again: glassnet data get kmnist"
    )


def test_a_data_folder_that_is_none(data: Path, monkeypatch: pytest.MonkeyPatch, toy: Entry) -> None:
    monkeypatch.setenv("GLASSNET_DATA", str(data / "absent"))
    for function in (load_dataset, find_dataset, get_dataset, check_dataset):
        with pytest.raises(DataError, match=r"GLASSNET_DATA names .*absent, which is not a folder"):
            function(toy)


def test_a_data_folder_below_the_home_folder(home: Path, toy: Entry, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_four(Path("~").expanduser() / "sets" / "toy")
    monkeypatch.setenv("GLASSNET_DATA", "~/sets")
    assert find_dataset(toy) == folder


# CSV files made from another dataset


def test_csv_files_are_made_once_and_then_read(published: Mirror, toy_csv: Entry, home: Path) -> None:
    assert find_dataset(toy_csv) is None
    assert check_dataset(toy_csv) == [(str(home / "toy-csv" / "train.csv"), "missing")]
    check_toy(toy_csv)
    assert find_dataset(toy_csv) == get_dataset(toy_csv) == home / "toy-csv"
    assert [state for _, state in check_dataset(toy_csv)] == ["present", "present"]
    lines = (home / "toy-csv" / "train.csv").read_text().splitlines()
    assert lines[0].startswith("label,pixel0,")
    assert lines[5] == ",".join(map(str, [4, *FOUR["x_train"][4].ravel()]))
    lines[5] = ",".join(["4"] + ["7"] * 16)  # what is read is the CSV file, not its source
    (home / "toy-csv" / "train.csv").write_text("\n".join(lines))
    assert (load_dataset(toy_csv).train.inputs[4] == 7).all()


def test_get_makes_the_csv_files(published: Mirror, toy_csv: Entry, home: Path) -> None:
    seen: set[str] = set()
    assert get_dataset(toy_csv, progress=lambda what, *_: seen.add(what)) == home / "toy-csv"
    assert {"writing train.csv", "writing test.csv"} <= seen
    assert sorted(path.name for path in (home / "toy-csv").iterdir()) == ["test.csv", "train.csv"]


def test_csv_files_at_hand_are_used_even_without_test_labels(data: Path, toy_csv: Entry) -> None:
    (data / "toy-csv").mkdir()
    write_csv(data / "toy-csv" / "train.csv", FOUR["x_train"], FOUR["y_train"])
    write_csv(data / "toy-csv" / "test.csv", FOUR["x_test"])  # as Kaggle's: no labels
    dataset = load_dataset(toy_csv)
    assert repr(dataset) == "toy-csv: 64 train, 16 validation, 20 test, 4x4 uint8, 10 classes"


def test_a_cache_that_cannot_be_written(published: Mirror, toy_csv: Entry, home: Path) -> None:
    home.parent.mkdir(parents=True, exist_ok=True)
    get_dataset(toy_csv.derived_from or toy_csv)
    (home / "toy-csv").write_text("in the way")
    with pytest.raises(DataError, match="toy-csv: cannot be made"):
        load_dataset(toy_csv)


# The other registered forms, with small files made here


def test_emnist_and_cifar_through_the_register(data: Path, tmp_path: Path) -> None:
    from data.test_cifar import archive as cifar_archive
    from data.test_cifar import files as cifar_files
    from data.test_emnist import archive as emnist_archive
    from data.test_emnist import members

    for name, folder, path in (
        ("emnist-letters", "emnist", emnist_archive(tmp_path, members("letters", first_label=1))),
        ("cifar-10", "cifar-10", cifar_archive(tmp_path, cifar_files())),
    ):
        entry = ENTRIES[name]
        file = entry.files[0]
        (data / folder).mkdir()
        path.rename(data / folder / file.name)
        with pytest.raises(DataError, match=f"{file.name}: wrong checksum: expected sha256 {file.sha256}"):
            load_dataset(name)
        known = replace(file, size=1, sha256=sha256_of(data / folder / file.name))
        dataset = load_dataset(replace(entry, files=(known,)))
        assert dataset.input_shape == ((28, 28) if folder == "emnist" else (32, 32, 3))
        assert dataset.classes == entry.classes
        assert find_dataset(name) == data / folder
    assert math.prod(dataset.input_shape) == 3072
