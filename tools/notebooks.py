"""Run the notebooks from top to bottom in a fresh kernel, and write down or check what they show.

    python tools/notebooks.py            run all of notebooks/ and keep what they show
    python tools/notebooks.py --check    run them; fail if a cell raises, or prints something else than is kept

Printed numbers may differ as those of the documentation may (tools/docs.py); pictures are not compared.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import docs

FOLDER = Path(__file__).parent.parent / "notebooks"


def run(path: Path) -> Any:
    """The notebook with what its cells show now.

    Raises:
        CellExecutionError: a cell raises.
    """
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:  # nothing of the person's own settings, no file left behind
        os.environ |= {"IPYTHONDIR": folder, "JUPYTER_CONFIG_DIR": folder, "JUPYTER_PLATFORM_DIRS": "1"}
        os.environ |= {"JUPYTER_PATH": "", "JUPYTER_DATA_DIR": folder}  # the kernel is this very Python
        client = NotebookClient(
            notebook, timeout=600, kernel_name="python3", record_timing=False, extra_arguments=["--log-level=ERROR"]
        )
        client.execute(cwd=folder)
    for number, cell in enumerate(notebook.cells, 1):
        cell.id = f"cell-{number}"
        cell.metadata = {}
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def printed(notebook: Any) -> list[str]:
    """What each cell prints, streams and results, as text."""
    texts = []
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        streams = "".join(output.get("text", "") for output in outputs)
        results = "\n".join(output["data"].get("text/plain", "") for output in outputs if "data" in output)
        texts.append(streams + results)
    return texts


def differences(path: Path) -> list[str]:
    """Where the notebook does not show what it prints now; none if it does."""
    import nbformat

    kept, now = printed(nbformat.read(path, as_version=4)), printed(run(path))
    lines = []
    for number, (before, after) in enumerate(zip(kept, now, strict=True), 1):
        left, right = before.splitlines(), after.splitlines()
        if len(left) != len(right):
            lines.append(f"{path.name}, cell {number}: {len(left)} lines are kept, {len(right)} printed")
        lines += [
            f"{path.name}, cell {number}: {a!r} is now {b!r}"
            for a, b in zip(left, right, strict=False)
            if not docs.same(a, b)
        ]
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK", help="all of notebooks/ by default")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args()
    import nbformat
    from nbclient.exceptions import CellExecutionError

    wrong = 0
    for path in options.notebooks or sorted(FOLDER.glob("*.ipynb")):
        try:
            if options.check:
                found = differences(path)
                print("\n".join(found) or f"{path}: right")
                wrong += len(found)
            else:
                nbformat.write(run(path), path)
                print(f"{path}: {path.stat().st_size / 1000:,.0f} kB")
        except OSError as error:
            print(f"{path}: {error.strerror or error}")
            wrong += 1
        except CellExecutionError as error:
            print(f"{path}: a cell raises {error.ename}: {error.evalue}")
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
