"""How much of glassnet a statement loads: files and lines, in a fresh interpreter.

python tools/loaded.py "import glassnet; glassnet.fit"
python tools/loaded.py --list "import glassnet; glassnet.Model.open('cnn')"
"""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
{statement}
print(*(m.__file__ for n, m in sorted(sys.modules.items()) if n.split('.')[0] == 'glassnet' and m.__file__), sep='\\n')
"""


def main() -> None:
    *options, statement = sys.argv[1:] or [""]
    if not statement or options not in ([], ["--list"]):
        sys.exit(__doc__)
    ran = subprocess.run([sys.executable, "-c", SCRIPT.format(statement=statement)], capture_output=True, text=True)
    if ran.returncode:
        sys.exit(f"error: the statement failed:\n{ran.stderr}")
    files = [Path(line) for line in ran.stdout.splitlines() if line.endswith(".py")]
    lines = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    if options:
        print(*(f"{count:6,}  {file}" for file, count in lines.items()), sep="\n")
    print(f"{len(lines)} files, {sum(lines.values()):,} lines: {statement}")


if __name__ == "__main__":
    main()
