"""Datasets by name: found on this machine or downloaded, verified, read, and divided into their splits.

The files are searched in the folder that the variable GLASSNET_DATA names, then in the user's cache folder. Missing
files are downloaded to the cache. If the variable GLASSNET_MIRROR holds the address of a mirror, that is used instead
of the published ones; a file is then at ADDRESS/FOLDER/FILE, such as ADDRESS/mnist/train-images-idx3-ubyte.gz.
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
    """Load a dataset. A registered one is verified by SHA-256, and downloaded if it is not on this machine.

    Args:
        name: a registered name (see `dataset_names`), the path of your own file or folder, or the name of such a folder
            below GLASSNET_DATA. It may be a CSV file with labels (.csv, .csv.gz), a Keras file (.npz), or a folder that
            holds one of these, or the four IDX files named like those of MNIST (.gz or not).
        validation: the number of training examples to hold out for validation, each class in proportion; at most a
            fifth of them are held out.
        seed: determines which are held out, 0 to 2**64 - 1. The test examples do not depend on it: they come with the
            dataset, or else (the 8x8 digits, a CSV file) are always the same fifth of all examples.
        progress: called with a description, the amount done and the total amount (None if unknown).
        download: whether missing files may be downloaded.
        fallback: the dataset to take instead, with a warning, if this one is missing: "digits" needs no network.

    Raises:
        DataError: unknown name (the nearest known one is suggested), damaged or unsuitable files.
        MissingDataError: neither it nor the fallback is on this machine, and it cannot be downloaded.
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
    """The folder on this machine that holds the files of a dataset, or None; nothing is read or downloaded.

    GLASSNET_DATA is searched before the cache. For the 8x8 digits the result is the folder of scikit-learn's data; for
    your own file or folder, its path.

    Raises:
        DataError: unknown name, or GLASSNET_DATA does not name a folder.
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
    """Download the missing files of a dataset, verify the others, and return their folder.

    Raises:
        DataError: unknown name, a wrong file in GLASSNET_DATA, a failed download.
    """
    entry = _entry_or_path(name)
    if isinstance(entry, Entry) and not _obtain(entry, progress, download=True):
        entry.read({})  # nothing to download; raises DataError if the package that holds the data is not installed
    folder = find_dataset(entry)
    assert folder is not None
    return folder


def check_dataset(name: str | Path | Entry) -> list[tuple[str, str]]:
    """Each file of a registered dataset with its state: "ok", "missing", or a description of its fault.

    CSV files of `mnist-csv` have no published checksum; they are "present" or "missing".

    Raises:
        DataError: unknown name, your own files, or GLASSNET_DATA does not name a folder.
    """
    entry = _entry_or_path(name)
    if isinstance(entry, Path):
        raise DataError(f"{name}: your own files have no published checksum to compare with")
    cache = _folders(entry)[-1]
    if entry.derived_from:
        paths = csv_files(find_dataset(entry) or cache)
        return [(str(path), "present") for path in paths] or [(str(cache / "train.csv"), "missing")]
    states = []
    for file in entry.files:
        path = _locate(entry, file)
        state = (_fault(file, path) or "ok") if path else "missing"
        states.append((str(path or cache / file.name), state))
    return states


def _entry_or_path(name: str | Path | Entry) -> Entry | Path:
    """The registered dataset of this name, or the path of the user's own file or folder."""
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
        f"unknown dataset {name!r}; {hint}expected a path or one of: {', '.join(ENTRIES)}; for a table, also name the "
        "column to predict, its target"
    )


def _data_folder() -> Path | None:
    named = os.environ.get("GLASSNET_DATA")
    if not named:
        return None
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise DataError(f"GLASSNET_DATA names {named}, which is not a folder; name a folder of datasets, or unset it")
    return folder


def _folders(entry: Entry) -> list[Path]:
    """The folders that may hold its files, best first; the last one is in the cache."""
    from platformdirs import user_cache_path

    named = _data_folder()
    return [base / entry.folder for base in (named, user_cache_path("glassnet")) if base]


def _locate(entry: Entry, file: RemoteFile) -> Path | None:
    places = (folder / name for folder in _folders(entry) for name in file.names)
    return next((path for path in places if path.is_file()), None)


def _obtain(entry: Entry, progress: Progress | None, download: bool) -> Files:
    """Verify all files of a dataset, download or make the missing ones, and return their paths."""
    if entry.derived_from:
        return _obtain_csv(entry, entry.derived_from, progress, download)
    return {file.name: _obtain_file(entry, file, progress, download) for file in entry.files}


def _obtain_file(entry: Entry, file: RemoteFile, progress: Progress | None, download: bool) -> Path:
    cache = _folders(entry)[-1]
    path = _locate(entry, file)
    if path:
        fault = _fault(file, path)
        if not fault:
            return path
        if path.parent != cache or not download:
            raise DataError(f"{path}: {fault}; replace or remove the file")
        path.unlink(missing_ok=True)
    if not download:
        raise _missing(entry, "is not on this machine")
    user_mirror = os.environ.get("GLASSNET_MIRROR")
    mirrors = (f"{user_mirror.rstrip('/')}/{entry.folder}/",) if user_mirror else entry.mirrors
    urls = [mirror + file.name for mirror in mirrors]
    from glassnet.data.fetch import fetch  # imports HTTP, which takes as long as all other imports together

    try:
        return fetch(urls, cache / file.name, sha256=file.sha256, size=file.size, progress=progress)
    except DownloadError as error:
        raise _missing(entry, "could not be downloaded", error.said) from None


def _missing(entry: Entry, what: str, said: Sequence[str] = ()) -> MissingDataError:
    remedy = "with a network try again" if said else "get it with"
    error = MissingDataError(f"{entry.name} {what}; {remedy}: glassnet data get {entry.name}")
    files = ", ".join(file.name for file in entry.files if not _locate(entry, file))
    error.add_note('without a network: the dataset "digits" comes with scikit-learn, 1,797 digits of 8x8 pixels')
    error.add_note(f"or put these files into {_folders(entry)[-1]},")
    error.add_note(f"or into {entry.folder} in the folder that GLASSNET_DATA names: {files}")
    for line in said:
        error.add_note(line)
    return error


def _fault(file: RemoteFile, path: Path) -> str | None:
    """A description of the fault of a file; None if it is the published one, or has the same unzipped contents."""
    actual = sha256_of(path)
    if actual == file.sha256:
        return None
    if file.content_sha256:
        try:
            if sha256_of_content(path) == file.content_sha256:
                return None
        except DataError:
            pass  # broken gzip: report the checksum of the file itself
    return f"wrong checksum: expected sha256 {file.sha256}, found {actual}"


def _obtain_csv(entry: Entry, source: Entry, progress: Progress | None, download: bool) -> Files:
    """The CSV files of a dataset; if there are none, write them to the cache from the dataset they are derived from."""
    for folder in _folders(entry):
        if paths := csv_files(folder):
            return {path.name: path for path in paths}
    arrays = source.read(_obtain(source, progress, download))
    folder = _folders(entry)[-1]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be made: {error.strerror or error}") from None
    for part in ("test", "train"):  # train.csv last: if it exists, test.csv exists too
        write_csv(folder / f"{part}.csv", arrays[f"x_{part}"], arrays[f"y_{part}"], progress=progress)
    return {path.name: path for path in csv_files(folder)}


def _divide(name: str, arrays: Arrays, classes: tuple[str, ...], white: int, validation: int, seed: int) -> Dataset:
    """Make the dataset: hold out the validation examples, and also test examples if it comes without any."""
    x, y = arrays["x_train"], arrays["y_train"]
    if "x_test" in arrays:
        rows = np.arange(len(x))
        test = Split(arrays["x_test"], arrays["y_test"], np.arange(len(arrays["x_test"])))
    else:
        rows, test_rows = stratified(y, len(y) // 5, seed=0)
        test = Split(x, y, test_rows)
    train, held_out = stratified(y[rows], min(validation, len(rows) // 5), seed=seed)
    return Dataset(name, Split(x, y, rows[train]), Split(x, y, rows[held_out]), test, classes, white)
