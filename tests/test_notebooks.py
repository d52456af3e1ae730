"""The notebooks run from top to bottom, and print what they keep."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
pytest.importorskip("nbclient", reason="notebooks need nbclient and ipykernel")


def check(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools" / "notebooks.py"), "--check", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.mark.long
@pytest.mark.mnist
def test_a_notebook_prints_what_it_keeps() -> None:
    """The short one; `make fuzz` runs the other."""
    done = check(ROOT / "notebooks" / "by_hand.ipynb")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("right\n")


def test_every_notebook_is_tested() -> None:
    assert {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")} == {"by_hand", "digits"}


@pytest.mark.parametrize(
    ("cells", "messages"),
    [
        ([("print(1 / 0)", "")], ["a cell raises ZeroDivisionError: division by zero"]),
        (
            [("print('loss', 0.5)", "loss 0.75\n"), ("print('loss', 0.5)", "")],
            ["cell 1: 'loss 0.75' is now 'loss 0.5'", "cell 2: 0 lines are kept, 1 printed"],
        ),
    ],
    ids=["raises", "prints something else"],
)
def test_a_notebook_that_is_wrong_is_found(tmp_path: Path, cells: list[tuple[str, str]], messages: list[str]) -> None:
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook, new_output

    path = tmp_path / "wrong.ipynb"
    made = [
        new_code_cell(source, outputs=[new_output("stream", name="stdout", text=kept)] if kept else [])
        for source, kept in cells
    ]
    nbformat.write(new_notebook(cells=made), path)
    done = check(path)
    assert done.returncode == 1
    for message in messages:
        assert message in done.stdout
