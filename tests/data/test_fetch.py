import hashlib
import re
import socket
from pathlib import Path

import numpy as np
import pytest

from data.mirror_server import Mirror
from glassnet.data.errors import DataError
from glassnet.data.fetch import fetch

CONTENTS = np.random.default_rng(0).bytes(2_000_000)  # several blocks
SHA256 = hashlib.sha256(CONTENTS).hexdigest()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the file is to be; its folder does not exist yet."""
    return tmp_path / "cache" / "toy" / "file.gz"


def part_of(place: Path) -> Path:
    return place.with_name("file.gz.part")


def get(mirror: Mirror, place: Path, *names: str, size: int | None = len(CONTENTS), timeout: float = 10.0) -> Path:
    for name in names:
        mirror.files.setdefault(f"/{name}", CONTENTS)
    urls = [f"{mirror.address}/{name}" for name in names]
    return fetch(urls, place, sha256=SHA256, size=size, timeout=timeout)


def check_whole(place: Path) -> None:
    assert place.read_bytes() == CONTENTS
    assert [path.name for path in place.parent.iterdir()] == ["file.gz"]


@pytest.mark.parametrize("size", [len(CONTENTS), None])
@pytest.mark.parametrize("fault", ["", "no-length"])
def test_a_file_comes_whole_from_the_first_mirror(mirror: Mirror, place: Path, fault: str, size: int | None) -> None:
    mirror.faults = {"/a": [fault]}
    assert get(mirror, place, "a", "b", size=size) == place
    check_whole(place)
    assert mirror.requests == [("/a", None)]
    assert mirror.agents == {"glassnet"}


def test_progress_tells_how_far_it_is(mirror: Mirror, place: Path) -> None:
    mirror.files["/a"] = CONTENTS
    seen: list[tuple[str, int, int | None]] = []
    url = [f"{mirror.address}/a"]
    fetch(url, place, sha256=SHA256, size=len(CONTENTS), progress=lambda *news: seen.append(news))
    assert seen[0] == ("file.gz", 0, len(CONTENTS))
    assert seen[-1] == ("file.gz", len(CONTENTS), len(CONTENTS))
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    mirror.faults = {"/a": ["no-length"]}
    seen.clear()
    fetch(url, place, sha256=SHA256, progress=lambda *news: seen.append(news))
    assert seen[-1] == ("file.gz", len(CONTENTS), None)


@pytest.mark.parametrize("code", [403, 404, 500, 503])
def test_the_next_mirror_is_asked_when_one_refuses(mirror: Mirror, place: Path, code: int) -> None:
    mirror.faults = {"/a": [f"status {code}"]}
    get(mirror, place, "a", "b")
    check_whole(place)
    assert mirror.requests == [("/a", None), ("/b", None)]


def test_a_mirror_that_does_not_answer_is_given_up(mirror: Mirror, place: Path) -> None:
    mirror.faults = {"/a": ["silent"]}
    get(mirror, place, "a", "b", timeout=0.2)
    check_whole(place)
    assert [path for path, _ in mirror.requests] == ["/a", "/b"]


@pytest.mark.parametrize("fault", ["break", "reset"])
def test_a_broken_transfer_goes_on_where_it_broke(mirror: Mirror, place: Path, fault: str) -> None:
    mirror.faults = {"/a": [f"{fault} 1500000"]}
    get(mirror, place, "a")
    check_whole(place)
    assert len(mirror.requests) == 2
    match = re.fullmatch(r"bytes=(\d+)-", mirror.requests[1][1] or "")
    assert match
    assert 0 < int(match[1]) <= 1_500_000
    if fault == "break":
        assert int(match[1]) == 1_500_000


def test_a_transfer_that_breaks_twice_goes_on_at_the_next_mirror(mirror: Mirror, place: Path) -> None:
    mirror.faults = {"/a": ["break 500000", "break 500000"]}
    get(mirror, place, "a", "b")
    check_whole(place)
    assert mirror.requests == [("/a", None), ("/a", "bytes=500000-"), ("/b", "bytes=1000000-")]


def test_a_transfer_that_never_ends_well_keeps_what_came(mirror: Mirror, place: Path) -> None:
    mirror.faults = {"/a": ["break 500000", "break 500000"]}
    with pytest.raises(DataError, match="/a: the transfer broke off after 1,000,000 of 2,000,000 bytes"):
        get(mirror, place, "a")
    assert part_of(place).read_bytes() == CONTENTS[:1_000_000]
    assert not place.exists()
    get(mirror, place, "a")
    check_whole(place)
    assert mirror.requests[-1] == ("/a", "bytes=1000000-")


@pytest.mark.parametrize("size", [len(CONTENTS), None])
def test_a_server_that_knows_no_ranges_sends_all_of_it_again(mirror: Mirror, place: Path, size: int | None) -> None:
    mirror.faults = {"/a": ["break 1500000", "no-ranges"]}
    get(mirror, place, "a", size=size)
    check_whole(place)
    assert mirror.requests == [("/a", None), ("/a", "bytes=1500000-")]


def test_a_range_that_was_not_asked_for_is_not_taken(mirror: Mirror, place: Path) -> None:
    mirror.faults = {"/a": ["break 1500000", "other-range"]}
    get(mirror, place, "a")
    check_whole(place)
    assert mirror.requests == [("/a", None), ("/a", "bytes=1500000-"), ("/a", None)]


def test_ctrl_c_keeps_what_came_and_the_next_time_goes_on(mirror: Mirror, place: Path) -> None:
    mirror.files["/a"] = CONTENTS

    def stop(what: str, done: int, total: int | None) -> None:
        if done > 1_000_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch([f"{mirror.address}/a"], place, sha256=SHA256, size=len(CONTENTS), progress=stop)
    kept = part_of(place).stat().st_size
    assert 1_000_000 < kept < 2_000_000
    get(mirror, place, "a")
    check_whole(place)
    assert mirror.requests[-1] == ("/a", f"bytes={kept}-")


def test_a_wrong_file_is_dropped_and_the_next_mirror_asked(mirror: Mirror, place: Path) -> None:
    mirror.files["/a"] = CONTENTS[:-1] + b"?"
    get(mirror, place, "a", "b")
    check_whole(place)
    assert mirror.requests == [("/a", None), ("/b", None)]


def test_a_wrong_file_everywhere_leaves_nothing(mirror: Mirror, place: Path) -> None:
    wrong = CONTENTS[:-1] + b"?"
    mirror.files |= {"/a": wrong, "/b": wrong}
    with pytest.raises(
        DataError, match=f"/a: wrong checksum: expected sha256 {SHA256}, got {'[0-9a-f]' * 64}; .*/b: wrong"
    ):
        get(mirror, place, "a", "b")
    assert not list(place.parent.iterdir())


@pytest.mark.parametrize("size", [len(CONTENTS), None])
def test_a_half_that_came_from_elsewhere_is_not_held_against_the_mirror(
    mirror: Mirror, place: Path, size: int | None
) -> None:
    place.parent.mkdir(parents=True)
    part_of(place).write_bytes(bytes(1_000_000))
    get(mirror, place, "a", size=size)
    check_whole(place)
    assert mirror.requests == [("/a", "bytes=1000000-"), ("/a", None)]


def test_a_part_that_is_whole_needs_no_network(place: Path) -> None:
    place.parent.mkdir(parents=True)
    part_of(place).write_bytes(CONTENTS)
    fetch([], place, sha256=SHA256, size=len(CONTENTS))
    check_whole(place)


@pytest.mark.parametrize("size", [len(CONTENTS), None])
@pytest.mark.parametrize("contents", [CONTENTS, CONTENTS[:-1] + b"?", CONTENTS + b"?"])
def test_a_part_of_full_length(mirror: Mirror, place: Path, contents: bytes, size: int | None) -> None:
    place.parent.mkdir(parents=True)
    part_of(place).write_bytes(contents)
    get(mirror, place, "a", size=size)
    check_whole(place)


def test_a_server_that_sends_without_end_is_cut_off(mirror: Mirror, place: Path) -> None:
    mirror.faults = {"/a": ["endless"]}
    largest = 0

    def watch(what: str, done: int, total: int | None) -> None:
        nonlocal largest
        largest = max(largest, done)

    mirror.files["/a"] = CONTENTS
    with pytest.raises(DataError, match="/a: sent more than the 2,000,000 bytes expected"):
        fetch([f"{mirror.address}/a"], place, sha256=SHA256, size=len(CONTENTS), progress=watch)
    assert largest <= len(CONTENTS)
    assert not list(place.parent.iterdir())


def test_a_page_in_place_of_the_file_is_seen_from_its_length(mirror: Mirror, place: Path) -> None:
    mirror.files["/a"] = b"<html>please log in</html>"
    get(mirror, place, "a", "b")
    check_whole(place)
    place.unlink()
    with pytest.raises(DataError, match="/a: offers a file of 26 bytes, expected 2,000,000"):
        get(mirror, place, "a")


def test_redirections_are_followed_to_http_only(mirror: Mirror, place: Path, tmp_path: Path) -> None:
    mirror.files |= {"/a": b"", "/b": CONTENTS}
    mirror.faults = {"/a": [f"redirect {mirror.address}/b"]}
    get(mirror, place, "a")
    check_whole(place)
    (tmp_path / "local").write_bytes(CONTENTS)
    for address in (f"file://{tmp_path}/local", "ftp://127.0.0.1/local"):
        place.unlink(missing_ok=True)
        mirror.faults = {"/a": [f"redirect {address}"]}
        with pytest.raises(DataError, match=r"/a: (HTTP 302|no answer: unknown url type: ftp)"):
            get(mirror, place, "a")


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/a", "data:,hello", "/etc/hostname", ""])
def test_only_http_and_https(place: Path, url: str) -> None:
    with pytest.raises(DataError, match="only http and https addresses are used"):
        fetch([url], place, sha256=SHA256)


@pytest.mark.parametrize("url", ["http://[bad/", "http://127.0.0.1:port/", "http:///a", "http://127.0.0.1/a b"])
def test_addresses_that_are_none(place: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(DataError, match="no answer"):
        fetch([url], place, sha256=SHA256)


def test_without_a_network_it_says_what_each_mirror_said(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as taken:  # bound but not listening: connections are refused
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(DataError) as caught:
            fetch([f"{address}/a", f"{address}/b"], place, sha256=SHA256)
    message = str(caught.value)
    assert "\n" not in message
    for part in (f"{address}/a: no answer", f"{address}/b: no answer", "refused"):
        assert part in message
    assert message.startswith("file.gz could not be downloaded (")


def test_no_mirror(place: Path) -> None:
    with pytest.raises(DataError, match="no mirror is known"):
        fetch([], place, sha256=SHA256)


def test_a_folder_that_cannot_be_made(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match="cannot be written"):
        get(mirror, tmp_path / "file" / "a", "a")
    (tmp_path / "toy" / "file.gz").mkdir(parents=True)
    with pytest.raises(DataError, match="cannot be written"):
        get(mirror, tmp_path / "toy" / "file.gz", "a")
