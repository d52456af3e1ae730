"""Tables as text: every dialect, every fault with its line, sizes that are bounded."""

import gzip
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.tables import csv as csv_module
from glassnet.tables.csv import write_table
from glassnet.tables.read import read_table

PLAIN = 'name,size\nrose,3\n"tulip, red",4\n'
COLUMNS = {"name": ["rose", "tulip, red"], "size": ["3", "4"]}


def written(folder: Path, text: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        PLAIN.removesuffix("\n"),
        "\ufeff" + PLAIN,
        PLAIN.replace("\n", "\n\n"),
        'name;size\nrose;3\n"tulip, red";4\n',
        "name\tsize\nrose\t3\ntulip, red\t4\n",
        ' name , size\nrose , 3\n "tulip, red",  4\n',
        '"name","size"\n"rose","3"\n"tulip, red","4"\n',
        gzip.compress(PLAIN.encode(), mtime=0),
    ],
    ids=["plain", "crlf", "cr", "no end", "bom", "blank lines", "semicolon", "tab", "spaces", "quoted", "gzip"],
)
def test_every_dialect_gives_the_same_cells(text: str | bytes, tmp_path: Path) -> None:
    assert read_table(written(tmp_path, text)).texts() == COLUMNS


def test_the_separator_is_not_looked_for_within_quotes(tmp_path: Path) -> None:
    assert list(read_table(written(tmp_path, '"a,b,c";d\n1;2\n')).columns) == ["a,b,c", "d"]


def test_rows_know_their_line_also_after_a_cell_of_several_lines(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, 'a,b\n"1\n2",3\n\n4,5\n'))
    assert list(table.lines) == [2, 5]
    assert str(table.fault(1, "b", "is wrong")) == f"{tmp_path / 't.csv'}, line 5, column 'b': is wrong"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "t.csv: is empty; expected the names of the columns"),
        ("\n1,2\n", "t.csv: line 1 is empty; expected the names"),
        ("a,b\n", "t.csv: has a header but no rows"),
        ("a,b\n1,2\n3\n", "t.csv, line 3: expected 2 cells as in the header, got 1"),
        ('a,b\n"1\n1",2\n3,4,5\n', "t.csv, line 4: expected 2 cells as in the header, got 3"),
        ("a,b,a\n1,2,3\n", "t.csv, line 1: columns 1 and 3 have the same name 'a'"),
        ("a,,b\n1,2,3\n", "t.csv, line 1: column 2 has no name; give it one"),
        ('a,b\n1,2\n"3,4\n', "t.csv, line 3: unexpected end of data; expected quotes only around whole cells"),
        ('a,b\n"1"x,2\n', "t.csv, line 2: .*; expected quotes only around whole cells"),
        ("a,b\nцвет,2\n".encode("cp1251"), "t.csv: expected text in UTF-8, UTF-16 or Windows-1252"),
        ("a,b\n1,2\n".encode("utf-16")[:-1], "t.csv: begins as text in UTF-16, but is broken further on"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "t.csv: expected a table as text"),
        (gzip.compress(PLAIN.encode(), mtime=0)[:-9], "t.csv: truncated"),
    ],
)
def test_faults_name_their_line(text: str | bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(gn.DataError, match=message):
        read_table(written(tmp_path, text))


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(gn.DataError, match="there is no such file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(gn.DataError, match="expected a CSV or Parquet file, but it is a folder"):
        read_table(tmp_path)


@pytest.mark.parametrize(
    ("limit", "value", "text", "message"),
    [
        ("MOST_BYTES", 10, "a,b\n1,2\n3,4\n", "too large: 12 bytes, at most 10"),
        ("MOST_BYTES", 40, gzip.compress(b"a,b\n" + b"1,2\n" * 1000, mtime=0), "too large: over 40 characters"),
        ("MOST_CELLS", 5, "a,b\n1,2\n3,4\n5,6\n", "too large: over 5 cells in its 2 columns"),
        ("LONGEST_LINE", 8, "a,b\n123456789,2\n", "line 2: over 8 characters; expected a row of a table"),
    ],
)
def test_sizes_are_bounded(
    limit: str, value: int, text: str | bytes, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_module, limit, value)
    with pytest.raises(gn.DataError, match=message):
        read_table(written(tmp_path, text))


def test_a_file_that_is_too_large_is_not_opened_as_text(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    with path.open("wb") as file:
        file.truncate(csv_module.MOST_BYTES + 1)  # a hole: it takes no room on the disk
    with pytest.raises(gn.DataError, match="take fewer rows, or only the columns that matter"):
        read_table(path)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
def test_what_is_written_is_read_again(name: str, tmp_path: Path) -> None:
    columns = {'a "quoted" name': ["", "x\ny", "1;2"], "ä": ["1,5", "'", "-"]}
    write_table(tmp_path / name, columns)
    assert read_table(tmp_path / name).texts() == columns
    assert (tmp_path / name).read_bytes()[:2] == (b"\x1f\x8b" if name.endswith("gz") else b'"a')
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_progress_counts_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_module, "REPORT_EVERY", 2)
    path = written(tmp_path, "a,b\n" + "1,2\n" * 5)
    said: list[tuple[str, int, int | None]] = []
    read_table(path, progress=lambda *report: said.append(report))
    assert [what for what, _, _ in said] == ["reading t.csv"] * 2
    assert all(total == path.stat().st_size for _, _, total in said)


CELLS = ("1", "2.5", " x", "y ", "", "")
PIECES = (*CELLS, ",", ",", ",", "\n", "\n", "\r\n", '"', "ä", "\t", ";", "a b", "0", "\0", "\r", "#")


def outcome(path: Path) -> object:
    """What reading a table gives: all of the table, or the error."""
    try:
        table = read_table(path)
    except gn.DataError as error:
        return str(error)
    return table.texts(), list(table.lines or ()), table.notes, table.separator


def test_a_text_that_is_read_at_once_is_read_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow", reason="it reads plain texts at once")
    rng = np.random.default_rng(0)
    at_once = 0
    for _ in range(600):
        rows = [",".join(rng.choice(CELLS, 3)) for _ in range(rng.integers(1, 5))]
        if rng.random() < 0.6:
            rows.insert(rng.integers(0, len(rows) + 1), "".join(rng.choice(PIECES, rng.integers(0, 4))))
        text = "\n".join(["a,b,c", *rows]) + "\n" * rng.integers(0, 2)
        file = written(tmp_path, text.encode("cp1252" if rng.random() < 0.1 else "utf-8"))
        monkeypatch.setattr(csv_module, "LARGE", 1 << 30)
        wanted = outcome(file)
        monkeypatch.setattr(csv_module, "LARGE", 0)
        assert outcome(file) == wanted, text
        at_once += csv_module.plain_columns(file, ["a", "b", "c"], ",", 1) is not None
    assert 100 < at_once < 500  # both ways were taken


def test_a_large_text_is_read_at_once(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="it reads plain texts at once")
    count = 400_000
    numbers = np.arange(count)
    text = "a;b\n" + "".join(f"{n};{n % 7}\n" for n in range(count))
    table = read_table(written(tmp_path, text))
    assert table.columns["a"].stated("number", None, None) is None  # a text states nothing
    assert np.array_equal(np.array([int(cell) for cell in table.columns["a"]]), numbers)
    assert table.columns["b"].counts() == {str(k): int((numbers % 7 == k).sum()) for k in range(7)}
    assert table.columns["b"].counts().total() == table.columns["a"].counts().total() == count
    assert table.place(count - 1).endswith(f"line {count + 1}")
    assert table.notes == ("its cells are separated by semicolons",)
