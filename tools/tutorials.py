"""Follow the tutorials as a reader does, and write down or check what the commands print.

Each tutorial is followed in an empty folder, from top to bottom. A block under "... as `name`:" is saved as this file.
In a block of ```console a line that begins with $ is a command, and what it prints stands below it. Three dots alone in
a line stand for any lines. Without options, what is no longer right is written anew, and the pictures that a tutorial
shows are kept in docs/pictures; with --check nothing is written.

    python tools/tutorials.py [--check] [PAGE...]
"""

import argparse
import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from difflib import unified_diff
from functools import cache
from pathlib import Path

from docs import DOCS, same

BLOCK = re.compile(
    r"(?P<before>(?:\bas\s`(?P<file>[\w.-]+)`:\n\n)?^```(?P<language>\w*)\n)(?P<inside>.*?)(?P<after>^```$)",
    re.MULTILINE | re.DOTALL,
)
COMMAND = re.compile(r"^\$ (?P<call>.*)\n(?P<said>(?:(?!\$ ).*\n)*)", re.MULTILINE)
PICTURE = re.compile(r"\]\((?P<path>\.\./pictures/[\w-]+/(?P<name>[\w.-]+))\)")
PROGRAMS = {"python": [sys.executable], "glassnet": [sys.executable, "-m", "glassnet"]}  # those of this environment
SECONDS = re.compile(r"\d+\.\d\d s$")


def tutorials() -> list[Path]:
    """Every tutorial."""
    return [page for page in sorted((DOCS / "tutorials").glob("*.md")) if page.stem != "README"]


def follow(page: Path, *, keep: bool = False) -> str:
    """The tutorial with what its commands print now.

    Args:
        keep: whether the pictures that it shows are kept in docs/pictures.
    """

    def step(block: re.Match[str]) -> str:
        if block["file"]:
            Path(block["file"]).write_text(block["inside"], encoding="utf-8")
        console = block["language"] == "console"
        return block["before"] + (COMMAND.sub(given, block["inside"]) if console else block["inside"]) + block["after"]

    text = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        text = BLOCK.sub(step, text)
        for picture in PICTURE.finditer(text) if keep else ():
            (made,) = Path(folder).rglob(picture["name"])
            kept = page.parent / picture["path"]
            kept.parent.mkdir(exist_ok=True)
            shutil.copyfile(made, kept)
    return text


def given(command: re.Match[str]) -> str:
    """A command and what it prints now; or what the page says, if they agree."""
    program, *words = shlex.split(command["call"])
    files = [name for word in words for name in sorted(map(str, Path().glob(word))) * ("*" in word) or [word]]
    done = subprocess.run(
        [*PROGRAMS.get(program, [program]), *files],
        env=os.environ
        | {"COLUMNS": "80", "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"},  # so that errors come in their place
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    printed = [line.rstrip() for line in done.stdout.splitlines()]
    said = command["said"] if agree(command["said"].splitlines(), printed) else "".join(f"{line}\n" for line in printed)
    return f"$ {command['call']}\n{said}"


def agree(said: list[str], printed: list[str]) -> bool:
    """Whether a page says what is printed, as `docs.same`; "..." is any lines. Seconds and empty lines do not count."""
    said, printed = ([SECONDS.sub("", line) for line in lines if line] for lines in (said, printed))

    @cache
    def from_here(i: int, j: int) -> bool:
        if i == len(said):
            return j == len(printed)
        if said[i] == "...":
            return from_here(i + 1, j) or (j < len(printed) and from_here(i, j + 1))
        return j < len(printed) and same(said[i], printed[j]) and from_here(i + 1, j + 1)

    return from_here(0, 0)


def differences(page: Path) -> list[str]:
    """What the tutorial says and its commands do not print (-), and what they print (+); nothing if all is right."""
    said, now = page.read_text(encoding="utf-8"), follow(page)
    return list(unified_diff(said.splitlines(), now.splitlines(), page.name, "now", lineterm="", n=0))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", type=Path, metavar="PAGE", help="all tutorials by default")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args()
    wrong = 0
    for page in map(Path.resolve, options.pages or tutorials()):
        if options.check:
            found = differences(page)
            print("\n".join(found) or f"{page}: right")
            wrong += len(found)
        else:
            page.write_text(follow(page, keep=True), encoding="utf-8")
            print(f"{page}: written")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
