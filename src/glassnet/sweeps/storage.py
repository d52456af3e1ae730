"""Where the trials of a sweep are kept: in a file of its folder, or in a database that several machines share."""

import os
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from glassnet.nn.errors import require
from glassnet.nn.plain import brief

if TYPE_CHECKING:
    from optuna.storages import BaseStorage
    from optuna.study import Study

JOURNAL, RUNS = "journal.log", "trials"
STORAGE = "GLASSNET_STORAGE"  # the environment variable that names a database
EXAMPLE = "postgresql://USER@HOST/DATABASE"
UNPRUNED = 5  # trials that are trained to their ends before others may be pruned
TRIES = 5  # to make the tables of a database while others do
PATIENCE = 10  # seconds for a database to answer


class StorageError(ValueError):
    """The trials cannot be read or written; the message says why, and never holds a password."""


class LostError(Exception):
    """Another machine has taken over this trial, because nothing had been heard of it for long."""


def check_installed() -> None:
    """Raise StorageError unless Optuna is installed."""
    from importlib.util import find_spec

    if find_spec("optuna") is None:
        raise StorageError("sweeps need Optuna: pip install 'glassnet[sweep]'")


def check_storage(folder: Path, url: str | None) -> None:
    """Raise StorageError if the trials of this folder are kept elsewhere."""
    inside = (folder / JOURNAL).is_file()
    if inside and url is not None:
        raise StorageError(
            f"{folder}: its trials are kept in {JOURNAL}: leave the database out, or name another folder"
        )
    if not inside and url is None and (folder / RUNS).is_dir():
        raise StorageError(
            f"{folder}: it has no {JOURNAL}: its trials are kept in a database, which must be named, as {EXAMPLE}; or "
            "the file was deleted, and another sweep must be begun"
        )


def open_study(folder: Path, *, rises: bool, url: str | None, alone: bool, epochs: int) -> "Study":
    """Optuna's list of attempts of a sweep, made if it is not there.

    Args:
        folder: of the sweep; in a database its name is that of the list.   rises: whether higher values are better.
        url: of a database; None for a file in the folder.
        alone: whether no other process uses the file, so that what a killed process left unfinished can be removed.
        epochs: of a whole training.

    Raises:
        StorageError: there is no such database, or the file is damaged or cannot be written.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    direction: Literal["maximize", "minimize"] = "maximize" if rises else "minimize"
    # From the sixth complete trial on, and after a fifth of its epochs, a trial ends if its best figure so far is worse
    # than the median of the complete trials at that epoch.
    pruner = optuna.pruners.MedianPruner(n_startup_trials=UNPRUNED, n_warmup_steps=1 + epochs // 5)
    with storage_errors(url), quiet():
        name = folder.resolve().name if url else "sweep"  # a folder may be renamed
        try:
            storage = _database(url) if url else _journal(folder / JOURNAL, alone=alone)
            study = optuna.create_study(
                storage=storage, study_name=name, direction=direction, pruner=pruner, load_if_exists=True
            )
            study.get_trials(deepcopy=False)
        except StorageError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:  # of what stands in the file
            raise StorageError(
                f"{folder / JOURNAL}: damaged: {brief(repr(error))}: delete its last lines, or begin another sweep"
            ) from None
        return study


@contextmanager
def storage_errors(url: str | None) -> Iterator[None]:
    """Turn the errors of a storage into a StorageError of one line, without a password.

    Raises:
        LostError: what was to be written is of an attempt that another machine has declared dead.
    """
    import sqlalchemy.exc
    from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError

    try:
        yield
    except UpdateFinishedTrialError:
        raise LostError from None
    except (StorageInternalError, sqlalchemy.exc.SQLAlchemyError) as error:
        cause = error.__cause__ or error
        first = next(iter(str(getattr(cause, "orig", None) or cause).strip().splitlines()), "no answer")
        raise StorageError(f"{shown_url(url)}: {brief(_without_secrets(first, url))}") from None
    except RuntimeError as error:  # the lock of the journal, or the version of a database
        raise StorageError(f"{shown_url(url)}: {brief(_without_secrets(str(error), url))}") from None


@contextmanager
def quiet() -> Iterator[None]:
    """Without Optuna's warnings of what is experimental."""
    from optuna.exceptions import ExperimentalWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        yield


def shown_url(url: str | None) -> str:
    """A database as messages name it: host and name alone."""
    from sqlalchemy.engine import make_url

    if url is None:
        return JOURNAL
    parts = make_url(url)
    return f"postgresql://{parts.host or ''}{f':{parts.port}' if parts.port else ''}/{parts.database}"


def url_of(storage: str | None) -> str | None:
    """The address of the database that was asked for, or that the environment names; None for a file in the folder.

    Raises:
        InputError: it is no address of a PostgreSQL database.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    require(storage is None or isinstance(storage, str), f"storage: expected an address as text, such as {EXAMPLE}")
    given = os.environ.get(STORAGE) if storage is None else storage
    if given is None or (storage is None and not given):
        return None
    where = STORAGE if storage is None else "storage"
    signs = given.count("@") <= 1 and given.isprintable() and not any("\ud800" <= sign <= "\udfff" for sign in given)
    require(signs, f"{where}: expected an address with one @, before the host: in a password @ is written %40, / %2F")
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):  # whose message holds all of it
        url = None
    fits = url is not None and url.drivername in ("postgresql", "postgres", "postgresql+psycopg") and url.database
    require(bool(fits), f"{where}: expected the address of a PostgreSQL database, such as {EXAMPLE}")
    assert url is not None
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _database(url: str) -> "BaseStorage":
    from importlib.util import find_spec

    import optuna
    from sqlalchemy.exc import IntegrityError, ProgrammingError
    from sqlalchemy.pool import NullPool

    if find_spec("psycopg") is None:
        raise StorageError("a database needs psycopg: pip install 'glassnet[sweep]'")
    # Between two calls no connection is open: it could break meanwhile, and nobody would close it at the end.
    settings: dict[str, Any] = {"poolclass": NullPool, "connect_args": {"connect_timeout": PATIENCE}}
    for _ in range(TRIES):
        try:
            return optuna.storages.RDBStorage(url, engine_kwargs=settings)
        except (IntegrityError, ProgrammingError):  # another machine makes the tables at this moment
            time.sleep(1)
    return optuna.storages.RDBStorage(url, engine_kwargs=settings)


def _journal(path: Path, *, alone: bool) -> "BaseStorage":
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    if alone:
        for left in path.parent.glob(f"{path.name}.lock*"):
            left.unlink(missing_ok=True)
        if path.is_file():
            _cut_unfinished_line(path)
    return JournalStorage(JournalFileBackend(str(path)))


def _cut_unfinished_line(path: Path) -> None:
    """Remove a line at the end that was not finished, for what comes after it could not be read."""
    with path.open("rb+") as file:
        data = file.read()
        file.truncate(data.rfind(b"\n") + 1)


def _without_secrets(text: str, url: str | None) -> str:
    """What a driver says, unless a password is in it."""
    from sqlalchemy.engine import make_url

    if url is None:
        return text
    parts = make_url(url)
    secrets = [str(parts.password or ""), *(str(value) for key, value in parts.query.items() if "password" in key)]
    return "the connection failed" if any(secret and secret in text for secret in secrets) else text
