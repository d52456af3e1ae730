"""How tables are laid out: what separates the cells, in which encoding, and what stands around them."""

import gzip
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import glassnet as gn
from glassnet.tables.read import read_table


def zipped(**files: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)  # a fixed time: the bytes name a test
    return file.getvalue()


@pytest.mark.parametrize(
    ("text", "columns", "lines"),
    [
        (b"a;b\n1,5;2\n3;4,5\n", {"a": ["1,5", "3"], "b": ["2", "4,5"]}, [2, 3]),
        (b"a\tb\n1;5\t2,0\n", {"a": ["1;5"], "b": ["2,0"]}, [2]),
        (b"a|b\n1|2\n", {"a": ["1"], "b": ["2"]}, [2]),
        (b"a, b\n1, 2\n", {"a": ["1"], "b": ["2"]}, [2]),
        (b"temp\n13,75\n12,5\n", {"temp": ["13,75", "12,5"]}, [2, 3]),
        (b"height, cm;weight, kg\n75;40\n", {"height, cm": ["75"], "weight, kg": ["40"]}, [2]),
        (b'"Height\n(cm)";weight\n75;40\n', {"Height\n(cm)": ["75"], "weight": ["40"]}, [3]),
        (b"name,tags\nx,a;b\ny,c;d\n", {"name": ["x", "y"], "tags": ["a;b", "c;d"]}, [2, 3]),
        (b"sep=;\na;b\n1;2\n", {"a": ["1"], "b": ["2"]}, [3]),
        (b"sep=\t\na\tb\n1\t2\n", {"a": ["1"], "b": ["2"]}, [3]),
        (b"sep=;;;\na;b\n1;2\n", {"a": ["1"], "b": ["2"]}, [3]),
        (b'"sep=|"\r\na|b\r\n1|2\r\n', {"a": ["1"], "b": ["2"]}, [3]),
        (b"# made by a logger\n# in May\na,b\n1,2\n", {"a": ["1"], "b": ["2"]}, [4]),
        (b"#id,a\n1,2\n", {"#id": ["1"], "a": ["2"]}, [2]),
        (b"a,b,\n1,2,\n", {"a": ["1"], "b": ["2"]}, [2]),
        (b"a;b\n1;2;\n3;4;\n", {"a": ["1", "3"], "b": ["2", "4"]}, [2, 3]),
        (b'"","a","b"\n"1",5,6\n"2",7,8\n', {"a": ["5", "7"], "b": ["6", "8"]}, [2, 3]),
        (b'"a","b"\n"1",5,6\n"2",7,8\n', {"a": ["5", "7"], "b": ["6", "8"]}, [2, 3]),
        (b"a,b,,,\n1,2,,,\n,,,,\n3,4,,,\n", {"a": ["1", "3"], "b": ["2", "4"]}, [2, 4]),
        (b'"a" "b"\n"1" 5 "x y"\n"2" 7 "z"\n', {"a": ["5", "7"], "b": ["x y", "z"]}, [2, 3]),
        (b'"city name"\n"New York"\n', {"city name": ["New York"]}, [2]),
        (b"a,b\nrow1,1,2\nrow2,3,4\n", {"a": ["1", "3"], "b": ["2", "4"]}, [2, 3]),
        (b"a,b\r1,2\r", {"a": ["1"], "b": ["2"]}, [2]),
        ("Größe;x\n1;2\n".encode("utf-8-sig"), {"Größe": ["1"], "x": ["2"]}, [2]),
        ("Größe;x\n1;2\n".encode("utf-16"), {"Größe": ["1"], "x": ["2"]}, [2]),
        ("Größe;x\n1;2\n".encode("utf-16-be"), {"Größe": ["1"], "x": ["2"]}, [2]),
        ("Größe;x\n1;grün\n2;3 €\n".encode("cp1252"), {"Größe": ["1", "2"], "x": ["grün", "3 €"]}, [2, 3]),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), {"a": ["1"], "b": ["2"]}, [2]),
        (zipped(**{"t.csv": "a;b\n1;2\n", "__MACOSX/t.csv": "x"}), {"a": ["1"], "b": ["2"]}, [2]),
    ],
)
def test_tables_are_read_as_they_are(text: bytes, columns: dict, lines: list[int], tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(text)
    table = read_table(tmp_path / "t.csv")
    assert table.texts() == columns
    assert list(table.lines) == lines


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        (b"a,b\n1,2\n", ()),
        (b"a;b\n1;2\n;\n;\n", ("its cells are separated by semicolons", "2 empty rows left out")),
        (b"1.5,2\n1,2\n", ("some columns are named by numbers: does its first line hold the names of the columns?",)),
        (b"# x\na;b\n1;2\n", ("1 line of comments left out", "its cells are separated by semicolons")),
        ("a,b\nä,2\n".encode("cp1252"), ("its text is in Windows-1252",)),
        (
            "a;b\n5 m²;Länge\n7 m²;Breite\n".encode("cp1252"),
            ("its text is in Windows-1252", "its cells are separated by semicolons"),
        ),
        (b"1,2,x\n4,5,x\n", ("some columns are named by numbers: does its first line hold the names of the columns?",)),
        (b"a,b\nx,2\nTotal:,2\n", ("its last row begins with 'Total:': if it is a sum of the others, remove it",)),
        ("a,b\nä,2\n".encode("utf-16"), ("its text is in UTF-16",)),
        (b'"a","b"\n"1",5,6\n', ("its first column, which has no name, is left out",)),
    ],
)
def test_what_was_found_out_is_said(text: bytes, notes: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(text)
    assert read_table(tmp_path / "t.csv").notes == notes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (zipped(**{"t.csv": "a", "u.csv": "b"}), "expected a zip archive of one file, got 2: t.csv, u.csv; unpack it"),
        (zipped(**{"[Content_Types].xml": "", "xl/workbook.xml": ""}), "this is a spreadsheet, .* save it as CSV"),
        (zipped(**{"t.csv": "a,b\n" + "1,2\n" * 999})[:-60], "a broken zip archive"),
        (
            b"Sales 2024;;\na;b;c\n1;2;3\n",
            "line 2: expected 1 cell .* got 3; if the lines above are a title",
        ),
        (b"a,b\n1,2\nSource: me\n", "line 3: expected 2 cells .* got 1; if this line is no row, remove it"),
        (b"a,b\n1,2\n3,4,5\n", "line 3: expected 2 cells as in the header, got 3"),
        (b"a,b,\n1,2,9\n", "line 2: expected 2 cells as in the header, got 3"),
        (b"temp,label\n21,5,a\n22,3,b\n", "line 2: expected 2 cells as in the header, got 3"),  # no row names
        (b"a,b\n1,2,\n3,4,late\n5,6,\n", "line 3: expected 2 cells as in the header, got 3"),
        ("Köln;x\nJära;1\n".encode("cp850"), "expected text in UTF-8, UTF-16 or Windows-1252"),
        (
            b"a,b,c\n1,2\n",
            "line 2: expected 3 cells as in the header, got 2; a separator is missing; if this line",
        ),
        (b"a,b\n" + b"1,2\n" * 9999 + b"1,\0\n", "line 10001: expected text, got a zero byte"),
        ("a,b\n1,2\n".encode("utf-32"), "its text is in UTF-32"),
        (b"a,b\n1," + b"x" * 200_000 + b"\n", "line 2: a cell of more than 131,072 characters"),
        (b"sep=;\n", "is empty|has a header but no rows"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_line(text: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(text)
    with pytest.raises(gn.DataError, match=message):
        read_table(tmp_path / "t.csv")


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_a_pipe_is_read(name: str) -> None:
    program = f"from glassnet.tables.read import read_table; print([read_table({name!r}).texts() for _ in range(2)])"
    done = subprocess.run([sys.executable, "-c", program], input="a;b\n1;2\n", capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[{'a': ['1'], 'b': ['2']}, {'a': ['1'], 'b': ['2']}]\n", "")
