"""Run the examples in the documentation, and write down or check what they print.

In a page, every block of ```python is run, in order, in one namespace; a block of ```text directly under it is what it
prints. Without options the blocks of text are written anew; with --check they are compared with what is printed now.
A block under <!-- setup --> is what the others on its page go on from: a reader who runs that runs any of the others.
A block under <!-- file --> is a program by itself, such as a service; it is not run here, but by a test of its page.
Tutorials are followed by tools/tutorials.py.

    python tools/docs.py [--check] [PAGE...]
"""

import argparse
import contextlib
import io
import re
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"
SETUP, FILE = "<!-- setup -->\n", "<!-- file -->\n"
CODE = r"^```python\n(?P<code>.*?)^```\n(?:\n?^```text\n(?P<printed>.*?)^```\n)?"
BLOCK = re.compile(f"(?<!{FILE}){CODE}", re.MULTILINE | re.DOTALL)
FILES = re.compile(f"(?<={FILE}){CODE}", re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"^```(?P<language>\w*)\n(?P<inside>.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"-?\d[\d,]*\.?\d*(?:e[+-]?\d+)?")


def pages() -> list[Path]:
    """Every page of the documentation that has examples; no tutorials."""
    others = (page for page in sorted(DOCS.rglob("*.md")) if page.parent.name != "tutorials")
    return [page for page in others if BLOCK.search(page.read_text(encoding="utf-8"))]


def run(page: Path) -> str:
    """The page with what its examples print now."""
    namespace: dict[str, object] = {"__name__": page.stem}

    def printed_by(match: re.Match[str]) -> str:
        output = io.StringIO()
        line = text[: match.start("code")].count("\n")
        with contextlib.redirect_stdout(output):
            exec(compile("\n" * line + match["code"], str(page), "exec"), namespace)
        printed = "".join(f"{line.rstrip()}\n" for line in output.getvalue().splitlines())
        return f"```python\n{match['code']}```\n" + (f"\n```text\n{printed}```\n" if printed else "")

    text = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        return BLOCK.sub(printed_by, text)


def alone(page: Path) -> list[tuple[int, str]]:
    """Each example of a page with what it goes on from, as one program, and the line where it stands."""
    text, setup, programs = page.read_text(encoding="utf-8"), "", []
    for match in BLOCK.finditer(text):
        program = setup + match["code"]
        programs.append((text[: match.start("code")].count("\n"), program))
        if text[: match.start()].endswith(SETUP):
            setup = program
    return programs


def files(page: Path) -> list[tuple[str, str]]:
    """Each program by itself on a page, and what it prints."""
    return [(file["code"], file["printed"] or "") for file in FILES.finditer(page.read_text(encoding="utf-8"))]


def shells(page: Path) -> list[str]:
    """What stands in the blocks of a page that are for a shell: those without a language, and ```console."""
    blocks = FENCED.finditer(page.read_text(encoding="utf-8"))
    return [block["inside"] for block in blocks if block["language"] in ("", "console")]


def commands(page: Path) -> list[str]:
    """The lines in a page that call glassnet in a shell, without the prompt, comments and redirections."""
    calls = (line.removeprefix("$ ") for block in shells(page) for line in block.splitlines())
    return [re.split(r" +(?:#|>|\|) ", call)[0].strip() for call in calls if call.startswith("glassnet ")]


def differences(page: Path) -> list[str]:
    """Where the page does not say what its examples print now, line by line; none if it does.

    Numbers may differ by 2 % or one unit of their last digit: another BLAS adds in another order, and a training
    enlarges that. What is below 1e-6 is mostly rounding itself, and may be any such number.
    """
    said, now = page.read_text(encoding="utf-8"), run(page)
    old, new = ([match["printed"] or "" for match in BLOCK.finditer(text)] for text in (said, now))
    lines = []
    for before, after in zip(old, new, strict=True):
        left, right = before.splitlines(), after.splitlines()
        if len(left) != len(right):
            lines.append(f"{page.name}: {len(left)} lines in the page, {len(right)} printed: {after!r}")
        lines += [f"{page.name}: {a!r} is now {b!r}" for a, b in zip(left, right, strict=False) if not same(a, b)]
    return lines


def same(a: str, b: str) -> bool:
    """Whether two lines say the same, but for what another BLAS changes."""
    numbers = NUMBER.findall(a), NUMBER.findall(b)
    if " ".join(NUMBER.sub("#", a).split()) != " ".join(NUMBER.sub("#", b).split()):
        return False
    return all(near(x, y) for x, y in zip(*numbers, strict=True))


def near(a: str, b: str) -> bool:
    """Whether two numbers are the same to 2 % or to one unit of the last printed digit."""
    x, y = (float(number.replace(",", "").rstrip(".")) for number in (a, b))
    digits, _, exponent = a.partition("e")
    unit = 10.0 ** (int(exponent or 0) - len(digits.partition(".")[2]))
    return abs(x - y) <= max(0.02 * abs(x), 1.001 * unit) or max(abs(x), abs(y)) < 1e-6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", type=Path, metavar="PAGE", help="all of docs/ by default")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args()
    wrong = 0
    for page in map(Path.resolve, options.pages or pages()):
        try:
            if options.check:
                found = differences(page)
                print("\n".join(found) or f"{page}: right")
                wrong += len(found)
            else:
                page.write_text(run(page), encoding="utf-8")
                print(f"{page}: written")
        except Exception as error:  # of whatever kind: an example may raise anything
            print(f"{page}: {type(error).__name__}: {error}")
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
