"""Make a virtual environment of the Makefile, or do nothing when it holds what is wanted already.

    python tools/environment.py FOLDER EXTRAS

Needs only the standard library. An environment is for one Python and one folder, for it cannot be moved. The stamp in
it says what is installed, by which version of the two files that name it. So one environment serves several commands:
each adds what it lacks, and takes nothing away.
"""

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = (ROOT / "pyproject.toml", ROOT / "constraints.txt")
OWN_EXTRA = re.compile(r"glassnet\[(.*)\]")


def run(*command: str | Path) -> None:
    print("+", *command, flush=True)
    if subprocess.run(command, cwd=ROOT).returncode:
        sys.exit(f"error: that command failed; mend what it says above and run make again: {command[0]}")


def requirements(extras: str) -> set[str]:
    """What these extras of the package, separated by commas, ask for; extras of its own are resolved."""
    table = tomllib.loads(SOURCES[0].read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    found: set[str] = set()
    for extra in extras.split(","):
        for requirement in table[extra]:
            own = OWN_EXTRA.fullmatch(requirement)
            found |= requirements(own[1]) if own else {requirement}
    return found


def is_made_for(environment: Path) -> bool:
    """Whether it is a virtual environment of this Python that stands where it was made."""
    try:
        text = (environment / "pyvenv.cfg").read_text(encoding="utf-8")
    except OSError:
        return False
    says = dict(line.split(" = ", 1) for line in text.splitlines() if " = " in line)
    here = says.get("command", "").endswith(f" {environment}")
    return here and says.get("version") == platform.python_version()


def read_stamp(path: Path) -> dict[str, str | list[str]]:
    """What is installed, and by which files; nothing, if the environment is not finished."""
    try:
        stamp = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def main() -> None:
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        sys.exit(
            f"error: glassnet needs Python 3.11 to 3.13, this is {platform.python_version()}; "
            "choose another with: make PYTHON=/path/to/python3.12"
        )
    environment, extras = (ROOT / sys.argv[1]).absolute(), sys.argv[2]
    stamp = environment / "glassnet-stamp.json"
    sources = hashlib.sha256(b"".join(path.read_bytes() for path in SOURCES)).hexdigest()
    fits, before, wanted = is_made_for(environment), read_stamp(stamp), requirements(extras)
    installed = set(before["installed"]) if fits and before.get("sources") == sources else set()
    if installed and wanted <= installed:
        return

    if not fits and environment.exists():
        if not (environment / "pyvenv.cfg").is_file():
            sys.exit(f"error: {environment} exists and is no virtual environment; choose another: make VENV=.venv-2")
        print(f"The environment {environment.name} is for another Python or folder: making it again.")
        shutil.rmtree(environment)
    what = "Adding to" if installed else "Setting up"
    print(f"{what} {environment.name} with Python {platform.python_version()} (once; a minute or two) ...")
    if not before:  # new, or broken off
        run(sys.executable, "-m", "venv", environment)
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    run(python, "-m", "pip", "install", "--constraint", ROOT / "constraints.txt", "--editable", f".[{extras}]")
    state = {"sources": sources, "installed": sorted(installed | wanted)}
    stamp.write_text(json.dumps(state, indent=1) + "\n", encoding="utf-8")
    print("The environment is ready.\n", flush=True)


if __name__ == "__main__":
    main()
