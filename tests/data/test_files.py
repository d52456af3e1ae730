import gzip
import hashlib
from pathlib import Path

import pytest

from glassnet.data.errors import DataError
from glassnet.data.files import reading, sha256_of, sha256_of_content, writing


def test_gzip_is_seen_from_the_bytes_not_from_the_name(tmp_path: Path) -> None:
    (tmp_path / "zipped").write_bytes(gzip.compress(b"hello"))
    (tmp_path / "plain.gz").write_bytes(b"hello")
    for name in ("zipped", "plain.gz"):
        with reading(tmp_path / name) as opened:
            assert opened.stream.read() == b"hello"


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    for name in ("a", "a.gz"):
        with writing(tmp_path / name) as stream:
            stream.write(b"hello")
        with reading(tmp_path / name) as opened:
            assert opened.stream.read() == b"hello"
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()) == b"hello"


def test_the_same_contents_give_the_same_bytes_under_any_name(tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        with writing(tmp_path / name) as stream:
            stream.write(b"hello")
    first, second = (tmp_path / "a.gz").read_bytes(), (tmp_path / "b.gz").read_bytes()
    assert first == second
    assert first[4:8] == bytes(4)  # where gzip has its time


def test_a_file_that_was_not_finished_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")

    def half() -> None:
        with writing(tmp_path / "a") as stream:
            stream.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_what_cannot_be_opened_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent: there is no such file"), reading(tmp_path / "absent"):
        pass
    with pytest.raises(DataError, match=r"cannot be read: .*directory"), reading(tmp_path):
        pass
    with pytest.raises(DataError, match=r"cannot be written: No such file"), writing(tmp_path / "no" / "a"):
        pass
    with pytest.raises(DataError, match=r"cannot be read"):
        sha256_of(tmp_path / "absent")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:-9], "truncated"),
        (lambda data: data[:-8] + b"\0\0\0\0" + data[-4:], "broken gzip: .*incorrect data check"),
        (lambda data: data[:12] + b"\xff\xff" + data[14:], "broken gzip"),
        (lambda data: data + b"more", "broken gzip"),
        (lambda data: data[:2] + b"\x63" + data[3:], "broken gzip"),
        (lambda data: data[:5], "truncated"),
    ],
)
def test_damaged_gzip(tmp_path: Path, damage: object, message: str) -> None:
    (tmp_path / "a.gz").write_bytes(damage(gzip.compress(bytes(range(256)) * 99)))
    with pytest.raises(DataError, match=f"a.gz: {message}"), reading(tmp_path / "a.gz") as opened:
        opened.stream.read()


def test_checksums_of_a_file_and_of_its_content(tmp_path: Path) -> None:
    content = bytes(1000)
    zipped = gzip.compress(content, 1)
    (tmp_path / "a").write_bytes(content)
    (tmp_path / "a.gz").write_bytes(zipped)
    assert sha256_of(tmp_path / "a.gz") == hashlib.sha256(zipped).hexdigest()
    for name in ("a", "a.gz"):
        assert sha256_of_content(tmp_path / name) == hashlib.sha256(content).hexdigest()
