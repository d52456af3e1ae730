"""A web server, and a home without anybody's datasets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from data.mirror_server import Mirror
from glassnet.data.registry import find_dataset


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Mirror()
    yield server
    server.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder, no GLASSNET_DATA and no mirror; the value is the cache folder."""
    for variable in ("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    monkeypatch.delenv("GLASSNET_DATA", raising=False)
    monkeypatch.setenv(
        "GLASSNET_MIRROR", "http://127.0.0.1:9"
    )  # nothing answers there: no test reaches the real mirrors
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    from platformdirs import user_cache_path

    return user_cache_path("glassnet")


@pytest.fixture
def home_with_mnist(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, but GLASSNET_DATA names the folder where the real MNIST is."""
    folder = find_dataset("mnist")
    assert folder, "this test needs the real MNIST files"
    home: Path = request.getfixturevalue("home")
    monkeypatch.setenv("GLASSNET_DATA", str(folder.parent))
    return home
