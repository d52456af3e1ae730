"""Write docs/settings.md, the reference of all settings of a recipe, from the code.

python tools/settings.py            write the page
python tools/settings.py --check    fail if the page is not what the code says
"""

import argparse
import sys
from pathlib import Path

from glassnet.recipes.recipe import Recipe
from glassnet.recipes.reference import OPTIONAL, PARTS, Section, sections
from glassnet.recipes.toml import inline

PAGE = Path(__file__).parent.parent / "docs" / "settings.md"
HEAD = """# Every setting of a recipe

This page is written by `python tools/settings.py` from the code. `glassnet recipes --settings` prints the same.

A recipe is a TOML file (`glassnet recipes classic` prints one). Each setting is in its section:

```toml
[optimizer]
type = "SGD"
lr = 0.1
```

On the command line, section and key become one word. A list or a table goes in quotes:

```
glassnet train classic --set optimizer.lr=0.05
glassnet train classic --set "network.hidden=[128, {type='Dropout', rate=0.2}]"
```

A section with types has the key `type`, which names one of them. You can omit an optional setting. Then it has no
effect, or its value is chosen automatically.
"""
PART_TITLES = {
    "layers": ("Layers", "Layers go into `network.hidden` or `network.layers`, by name or as a table."),
    "losses": ("Losses", "A loss is the value of `network.loss`."),
    "initialisers": ("Initialisers", "An initialiser is the value of `network.init`, or of `init` in a layer."),
}


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def table(section: Section) -> list[str]:
    """The settings of a section as a table; nothing if it has none."""
    if not section.settings:
        return []
    rows = ["| key | type | default | example | meaning |", "|---|---|---|---|---|"]
    for setting in section.settings:
        default = "required" if setting.default is None else setting.default
        default = default if default in ("required", OPTIONAL) else f"`{default}`"
        example = f"`{inline(setting.example)}`"
        rows.append(f"| `{setting.key}` | {cell(setting.type)} | {default} | {example} | {cell(setting.meaning)} |")
    return ["", *rows]


def page() -> str:
    """The whole page."""
    lines, before = [HEAD.rstrip()], ""
    for section in sections(Recipe):
        if section.name in PARTS and section.name != before:
            title, about = PART_TITLES[section.name]
            lines += ["", f"## {title}", about]
        elif section.name != before or not section.name:
            lines += ["", f"## `[{section.name}]`" if section.name else "## At the top"]
        before = section.name
        if section.kind:
            lines += ["", f"**`{section.kind}`** {section.about}"]
        else:
            lines += [f"{section.about[:1].upper()}{section.about[1:]}."]
        lines += table(section)
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    if not parser.parse_args().check:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    right = PAGE.read_text(encoding="utf-8") == page()
    print("right" if right else f"{PAGE.name} is not what the code says: run python tools/settings.py")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
