"""The environment of the Makefile: one for `make demo` and `make test`, in either order."""

import hashlib
import json
import platform
import subprocess
import sys
import tomllib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))
import environment


def made(folder: Path, installed: set[str]) -> subprocess.CompletedProcess[str]:
    """What `make demo` does to an environment in which this is installed; there is no Python in it to do more."""
    folder.mkdir()
    (folder / "pyvenv.cfg").write_text(f"version = {platform.python_version()}\ncommand = python -m venv {folder}\n")
    sources = hashlib.sha256(b"".join(path.read_bytes() for path in environment.SOURCES)).hexdigest()
    stamp = {"sources": sources, "installed": sorted(installed)}
    (folder / "glassnet-stamp.json").write_text(json.dumps(stamp))
    command = [sys.executable, environment.__file__, str(folder), "plots,sklearn"]
    return subprocess.run(command, capture_output=True, text=True)


def test_demo_has_nothing_to_do_after_test_and_after_itself(tmp_path: Path) -> None:
    for extras in ("dev", "plots,sklearn"):
        done = made(tmp_path / extras, environment.requirements(extras))
        assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_what_is_missing_is_added(tmp_path: Path) -> None:
    done = made(tmp_path / "core", environment.requirements("test-core"))
    assert done.stdout.startswith("Adding to core with Python")
    assert done.returncode != 0  # the folder holds no Python


def test_a_folder_that_is_no_environment_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    command = [sys.executable, environment.__file__, str(tmp_path), "plots,sklearn"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "exists and is no virtual environment" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_reading_a_picture_needs_no_extra() -> None:
    project = tomllib.loads(environment.SOURCES[0].read_text(encoding="utf-8"))["project"]
    assert any(requirement.startswith("pillow>=") for requirement in project["dependencies"])
    assert "images" not in project["optional-dependencies"]
