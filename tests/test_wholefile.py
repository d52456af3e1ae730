"""Files appear only when they are complete; links, pipes and devices stay what they are."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from glassnet.wholefile import whole_file, write_whole


def test_a_file_is_replaced_only_when_it_is_complete(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(TypeError), whole_file(tmp_path / "a") as file:
        file.write("no bytes")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"
    write_whole(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.posix
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"old")
    (tmp_path / "link").symlink_to("target")
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"


@pytest.mark.posix
def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    got = []
    reader = threading.Thread(target=lambda: got.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_whole(tmp_path / "pipe", b"new")
    reader.join(timeout=10)
    assert got == [b"new"]
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.posix
def test_standard_output_is_written_to(tmp_path: Path) -> None:
    """Through a link of its own, so that a mistake replaces no file of the system."""
    (tmp_path / "out").symlink_to("/dev/stdout")
    program = "from glassnet.wholefile import write_whole; write_whole('out', b'said')"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout == b"said"
    assert (tmp_path / "out").readlink() == Path("/dev/stdout")
