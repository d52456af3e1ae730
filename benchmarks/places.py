"""Pages with places for what a benchmark prints: each between two marks, <!-- name --> and <!-- /name -->."""

import re
from pathlib import Path


def put(page: Path, name: str, text: str) -> None:
    """Put a text between the marks of this name."""
    page.write_text(
        between(page, name).sub(lambda found: f"{found[1]}\n{text}\n{found[2]}", read(page)), encoding="utf-8"
    )


def between(page: Path, name: str) -> re.Pattern[str]:
    """What finds the marks of this name and all that stands between; ends the program if the page has none."""
    pattern = re.compile(f"(<!-- {name} -->).*(<!-- /{name} -->)", re.DOTALL)
    if not pattern.search(read(page)):
        raise SystemExit(f"{page} has no place for the table: expected the marks <!-- {name} --> and <!-- /{name} -->")
    return pattern


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")
