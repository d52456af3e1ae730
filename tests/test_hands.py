"""The benchmark on digits by any hands: what it counts is known by hand."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

import glassnet as gn

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
import hands


def stems(path: Path, *columns: int) -> None:
    """A picture of upright strokes."""
    image = Image.new("L", (200, 200), 255)
    for x in columns:
        ImageDraw.Draw(image).line((x, 40, x - 10, 160), 20, 14)
    image.save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    stems(folder / "one.png", 100)
    stems(folder / "seven.png", 100)  # by somebody who calls it so
    stems(folder / "two.png", 60, 140)
    stems(folder / "nothing.png")
    rows = ["one.png,1,pen,choose", "seven.png,7,pen,report", "two.png,many,pen,report", "nothing.png,3,none,report"]
    (folder / "truth.csv").write_text("\n".join(["file,label,kind,half", *rows]))
    return folder


def test_right_wrong_and_refused_are_counted_by_kind(folder: Path) -> None:
    shown = hands.read_all(folder, None, gn.Model.open("cnn"))
    assert [one.verdict for one in shown] == ["right", "wrong", "right", "refused"]
    table = hands.table(shown)
    assert "| pen | 3 | 66.7 % | 1 | 0 | 50.0 % | 50.0 % |" in table
    assert "| none | 1 | 0.0 % | 0 | 1 | 0.0 % | 0.0 % |" in table
    assert "| **all** | 4 | 50.0 % | 1 | 1 | 50.0 % | 33.3 % |" in table
    assert "2 answers come from the usual reading, 0 from another." in hands.remark(shown, gn.Model.open("cnn"))


def test_a_half_is_read_alone(folder: Path) -> None:
    assert [row["file"] for row in hands.rows_of(folder, "choose")] == ["one.png"]
    assert len(hands.rows_of(folder)) == 4


def test_the_sheets_show_what_went_wrong(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["hands.py", str(folder), "--sheets", str(tmp_path / "sheets")])
    hands.main()
    assert "| **all** | 4 |" in capsys.readouterr().out
    sheet = np.asarray(Image.open(tmp_path / "sheets" / "pen.png"))
    assert sheet.shape == (hands.SIDE + 30, 2 * hands.SIDE + 12)  # one picture, beside what was seen
    assert (sheet[:, : hands.SIDE] < 100).any()
    assert (sheet[: hands.SIDE, hands.SIDE + 2 :] < 100).any()


def test_a_folder_without_truths_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["hands.py", str(tmp_path)])
    with pytest.raises(SystemExit):
        hands.main()
    assert "expected a folder with a file truth.csv" in capsys.readouterr().err
