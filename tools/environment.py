"""Make a virtual environment of the Makefile, or do nothing when it is up to date.

    python tools/environment.py FOLDER EXTRA

Needs only the standard library. The stamp inside the environment names everything that it was made from: the
Python, the folder (an environment cannot be moved) and the two files that say what is installed.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = (ROOT / "pyproject.toml", ROOT / "constraints.txt")


def run(*command: str | Path) -> None:
    print("+", *command, flush=True)
    if subprocess.run(command, cwd=ROOT).returncode:
        sys.exit(f"error: that command failed; mend what it says above and run make again: {command[0]}")


def main() -> None:
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        sys.exit(
            f"error: glassnet needs Python 3.11 to 3.13, this is {sys.version.split()[0]}; "
            "choose another with: make PYTHON=/path/to/python3.12"
        )
    environment, extra = (ROOT / sys.argv[1]).absolute(), sys.argv[2]
    stamp = environment / "glassnet-stamp.txt"
    contents = b"".join(path.read_bytes() for path in SOURCES)
    state = f"{sys.version}\n{environment} [{extra}]\n{hashlib.sha256(contents).hexdigest()}\n"
    if stamp.is_file() and stamp.read_text() == state:
        return

    python = environment / "bin" / "python"
    made_from = stamp.read_text().splitlines()[:-1] if stamp.is_file() else None
    if made_from != state.splitlines()[:-1] and environment.exists():
        if not (environment / "pyvenv.cfg").is_file():
            sys.exit(f"error: {environment} exists and is no virtual environment; choose another: make VENV=.venv-2")
        print(f"The environment {environment.name} is for another Python or folder: making it again.")
        shutil.rmtree(environment)
    print(f"Setting up {environment.name} with Python {sys.version.split()[0]} (once; a minute or two) ...")
    if not environment.exists():
        run(sys.executable, "-m", "venv", environment)
    run(python, "-m", "pip", "install", "--constraint", ROOT / "constraints.txt", "--editable", f".[{extra}]")
    stamp.write_text(state)
    print("The environment is ready.\n", flush=True)


if __name__ == "__main__":
    main()
