"""Datasets by name: found on this machine or downloaded, verified, read, and divided into their splits.

A dataset is looked for in the folder that the variable GLASSNET_DATA names, then in the user's cache folder; what is
missing is downloaded to the cache. The variable GLASSNET_MIRROR may hold the address of a mirror of one's own, which is
used instead of the published ones; there the files are ADDRESS/FOLDER/FILE: ADDRESS/mnist/train-images-idx3-ubyte.gz.
"""

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from glassnet.data.csv import write_csv
from glassnet.data.dataset import Dataset, Split
from glassnet.data.errors import DataError, DownloadError, MissingDataError
from glassnet.data.files import Progress, sha256_of, sha256_of_content
from glassnet.data.own import ENDINGS, classes_and_white, csv_files, read_own
from glassnet.data.published import PUBLISHED, Arrays, Entry, Files, RemoteFile
from glassnet.data.split import stratified
from glassnet.nn.plain import closest
from glassnet.warn import warn

ENTRIES = {entry.name: entry for entry in PUBLISHED}


def load_dataset(
    name: str | Path | Entry,
    *,
    validation: int = 5000,
    seed: int = 0,
    progress: Progress | None = None,
    download: bool = True,
    fallback: str | None = None,
) -> Dataset:
    """Load a dataset; a registered one is verified by SHA-256, and downloaded if it is not at hand.

    Args:
        name: a registered name (see `dataset_names`), the path of a file or folder of one's own, or the name of such a
            folder below GLASSNET_DATA. It may be a CSV file with labels (.csv, .csv.gz), a Keras file (.npz), or a
            folder that holds one of these, or the four IDX files named as MNIST's (.gz or not).
        validation: how many training examples are held out to choose settings by, each class in proportion; but never
            more than a fifth of them.
        seed: which are held out, 0 to 2**64 - 1. The test examples do not depend on it: they are those that come with
            the dataset, or if none do (the 8x8 digits, a CSV file) always the same fifth of all.
        progress: called with what is being done, how far it is and how far it goes (None if unknown).
        download: whether what is missing may be downloaded.
        fallback: the dataset to take instead, with a warning, where this one is missing: "digits" needs no network.

    Raises:
        DataError: unknown name (the nearest known one is suggested), damaged or unfitting files.
        MissingDataError: it is not at hand and cannot be downloaded, and nor is the fallback.
    """
    if validation < 0:
        raise DataError(f"validation must not be negative, got {validation}")
    entry = _entry_or_path(name)
    if isinstance(entry, Path):
        arrays = read_own(entry, progress=progress)
        classes, white = classes_and_white(arrays, str(entry))
        return _divide(entry.resolve().name.split(".")[0], arrays, classes, white, validation, seed)
    try:
        arrays = entry.read(_obtain(entry, progress, download))
    except MissingDataError as error:
        if fallback is None:
            raise
        try:
            other = load_dataset(fallback, validation=validation, seed=seed, progress=progress, download=download)
        except DataError as second:
            error.add_note(str(second))
            raise error from None
        warn(f"{other.name} is used instead: {error}")
        return other
    return _divide(entry.name, arrays, entry.classes, entry.white, validation, seed)


def dataset_names() -> list[str]:
    """The registered names."""
    return list(ENTRIES)


def find_dataset(name: str | Path | Entry) -> Path | None:
    """The folder in which the files of a dataset are at hand, or None; nothing is read or downloaded.

    GLASSNET_DATA is looked at before the cache. For the 8x8 digits it is the folder of scikit-learn's data; for a file
    or folder of one's own, its path.

    Raises:
        DataError: unknown name, or GLASSNET_DATA names no folder.
    """
    entry = _entry_or_path(name)
    if isinstance(entry, Path):
        return entry
    if entry.derived_from:
        return next((folder for folder in _folders(entry) if csv_files(folder)), None)
    if not entry.files:
        sklearn = importlib.util.find_spec("sklearn")
        return Path(sklearn.origin).parent / "datasets" / "data" if sklearn and sklearn.origin else None
    paths = [_locate(entry, file) for file in entry.files]
    return paths[0].parent if paths[0] and all(paths) else None


def get_dataset(name: str | Path | Entry, *, progress: Progress | None = None) -> Path:
    """Download what is missing of a dataset, verify the rest, and tell the folder it is in.

    Raises:
        DataError: unknown name, a wrong file in GLASSNET_DATA, no download possible.
    """
    entry = _entry_or_path(name)
    if isinstance(entry, Entry) and not _obtain(entry, progress, download=True):
        entry.read({})  # nothing to download: says so if what it comes with is not installed
    folder = find_dataset(entry)
    assert folder is not None
    return folder


def check_dataset(name: str | Path | Entry) -> list[tuple[str, str]]:
    """Each file of a registered dataset with its state: "ok", "missing", or what is wrong with it.

    CSV files of `mnist-csv` have no published checksum; they are "present" or "missing".

    Raises:
        DataError: unknown name, files of one's own, or GLASSNET_DATA names no folder.
    """
    entry = _entry_or_path(name)
    if isinstance(entry, Path):
        raise DataError(f"{name}: files of one's own have no published checksum to compare with")
    cache = _folders(entry)[-1]
    if entry.derived_from:
        found = csv_files(find_dataset(entry) or cache)
        return [(str(path), "present") for path in found] or [(str(cache / "train.csv"), "missing")]
    states = []
    for file in entry.files:
        path = _locate(entry, file)
        state = (_what_is_wrong(file, path) or "ok") if path else "missing"
        states.append((str(path or cache / file.name), state))
    return states


def _entry_or_path(name: str | Path | Entry) -> Entry | Path:
    """What is meant by a name: a registered dataset, or a file or folder of one's own."""
    if isinstance(name, Entry):
        return name
    if isinstance(name, str) and name in ENTRIES:
        return ENTRIES[name]
    if name != "" and Path(name).exists():
        return Path(name)
    named = _data_folder()
    if named and name != "" and (named / name).is_dir():
        return named / name
    if isinstance(name, Path) or len(Path(name).parts) > 1 or name.endswith(ENDINGS):
        raise DataError(f"{name}: there is no such file or folder")
    close = closest(name, ENTRIES)
    hint = f"did you mean {close!r}? " if close else ""
    raise DataError(
        f"unknown dataset {name!r}; {hint}expected a path or one of: {', '.join(ENTRIES)}; of a table name the column "
        "to predict too, its target"
    )


def _data_folder() -> Path | None:
    named = os.environ.get("GLASSNET_DATA")
    if not named:
        return None
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise DataError(f"GLASSNET_DATA names {named}, which is no folder; name a folder of datasets, or unset it")
    return folder


def _folders(entry: Entry) -> list[Path]:
    """Where its files may be, best first; the last is in the cache."""
    from platformdirs import user_cache_path

    named = _data_folder()
    return [base / entry.folder for base in (named, user_cache_path("glassnet")) if base]


def _locate(entry: Entry, file: RemoteFile) -> Path | None:
    places = (folder / name for folder in _folders(entry) for name in file.names)
    return next((path for path in places if path.is_file()), None)


def _obtain(entry: Entry, progress: Progress | None, download: bool) -> Files:
    """All files of a dataset, verified."""
    if entry.derived_from:
        return _obtain_csv(entry, entry.derived_from, progress, download)
    return {file.name: _obtain_file(entry, file, progress, download) for file in entry.files}


def _obtain_file(entry: Entry, file: RemoteFile, progress: Progress | None, download: bool) -> Path:
    cache = _folders(entry)[-1]
    path = _locate(entry, file)
    if path:
        wrong = _what_is_wrong(file, path)
        if not wrong:
            return path
        if path.parent != cache or not download:
            raise DataError(f"{path}: {wrong}; replace or remove the file")
        path.unlink(missing_ok=True)
    if not download:
        raise _missing(entry, "is not at hand")
    own = os.environ.get("GLASSNET_MIRROR")
    mirrors = (f"{own.rstrip('/')}/{entry.folder}/",) if own else entry.mirrors
    urls = [mirror + file.name for mirror in mirrors]
    from glassnet.data.fetch import fetch  # brings HTTP, which takes as long to import as all the rest

    try:
        return fetch(urls, cache / file.name, sha256=file.sha256, size=file.size, progress=progress)
    except DownloadError as error:
        raise _missing(entry, "could not be downloaded", error.said) from None


def _missing(entry: Entry, what: str, said: Sequence[str] = ()) -> MissingDataError:
    error = MissingDataError(f"{entry.name} {what}; get it with: glassnet data get {entry.name}")
    files = ", ".join(file.name for file in entry.files if not _locate(entry, file))
    error.add_note('without a network: the dataset "digits" comes with scikit-learn, 1,797 digits of 8x8 pixels')
    error.add_note(f"or put these files into {_folders(entry)[-1]},")
    error.add_note(f"or into {entry.folder} in the folder that GLASSNET_DATA names: {files}")
    for line in said:
        error.add_note(line)
    return error


def _what_is_wrong(file: RemoteFile, path: Path) -> str | None:
    """None if the file is the published one, or holds the same."""
    found = sha256_of(path)
    if found == file.sha256:
        return None
    if file.content_sha256:
        try:
            if sha256_of_content(path) == file.content_sha256:
                return None
        except DataError:
            pass  # broken gzip: the checksum of the file itself says enough
    return f"wrong checksum: expected sha256 {file.sha256}, found {found}"


def _obtain_csv(entry: Entry, source: Entry, progress: Progress | None, download: bool) -> Files:
    """The CSV files of a dataset; if there are none, they are written to the cache from the dataset they come from."""
    for folder in _folders(entry):
        if found := csv_files(folder):
            return {path.name: path for path in found}
    arrays = source.read(_obtain(source, progress, download))
    folder = _folders(entry)[-1]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be made: {error.strerror or error}") from None
    for part in ("test", "train"):  # train last: where it is, the other is too
        write_csv(folder / f"{part}.csv", arrays[f"x_{part}"], arrays[f"y_{part}"], progress=progress)
    return {path.name: path for path in csv_files(folder)}


def _divide(name: str, arrays: Arrays, classes: tuple[str, ...], white: int, validation: int, seed: int) -> Dataset:
    """The dataset with its validation examples held out, and its test examples too if none come with it."""
    x, y = arrays["x_train"], arrays["y_train"]
    if "x_test" in arrays:
        rows = np.arange(len(x))
        test = Split(arrays["x_test"], arrays["y_test"], np.arange(len(arrays["x_test"])))
    else:
        rows, tested = stratified(y, len(y) // 5, seed=0)
        test = Split(x, y, tested)
    train, held_out = stratified(y[rows], min(validation, len(rows) // 5), seed=seed)
    return Dataset(name, Split(x, y, rows[train]), Split(x, y, rows[held_out]), test, classes, white)
