"""What all tests share: where the real MNIST is, and what happens without it."""

import os
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.data.registry import find_dataset


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: takes seconds, and is begun first")
    worker = os.environ.get("PYTEST_XDIST_WORKER")  # gw0, gw1, ...
    if worker and hasattr(os, "sched_setaffinity"):
        # One processor for each process of the tests: else every training would share its work out to all of them, and
        # they would wait for each other.
        processors = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {processors[int(worker.removeprefix("gw")) % len(processors)]})


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long tests come first, so that at the end no process waits for the other.

    Without the MNIST files the tests that need them are deselected, and counted aloud.
    """
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    if find_dataset("mnist") is not None:
        return
    needy = [item for item in items if item.get_closest_marker("mnist")]
    if not needy:
        return
    if os.environ.get("GLASSNET_REQUIRE_MNIST"):
        raise pytest.UsageError("the real MNIST files are required here, but GLASSNET_DATA names no folder with them")
    config.hook.pytest_deselected(items=needy)
    items[:] = [item for item in items if item not in needy]
    config.stash[DESELECTED] = len(needy)


DESELECTED: pytest.StashKey[int] = pytest.StashKey()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    count = config.stash.get(DESELECTED, 0)
    if count:
        terminalreporter.write_line(
            f"{count} tests need the real MNIST files and were deselected; get them with: glassnet data get mnist",
            yellow=True,
        )


@pytest.fixture(scope="session")
def mnist() -> gn.Dataset:
    return gn.load_dataset("mnist", download=False)


@pytest.fixture(scope="session")
def digits() -> gn.Dataset:
    pytest.importorskip("sklearn", reason="the 8x8 digits need the extra 'sklearn'")
    return gn.load_dataset("digits")


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
