"""What needs an extra says so in one line, with the command that installs it; everything else does without."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest


class Use(NamedTuple):
    """Something that needs an extra: the package that is missing, what is run, and how it is refused."""

    extra: str
    package: str
    code: str  # Python, or the arguments of the command line
    error: str = ""


LBFGS = "fit_lbfgs(gn.Network([gn.Dense(1)], input_shape=1), (np.ones((2, 1)), np.ones(2)), loss=gn.SquaredError())"
LIBRARY = [
    Use("plots", "matplotlib", "gn.plots.curves(gn.History())", "PlotError"),
    Use("sklearn", "sklearn", "gn.load_dataset('digits')", "DataError"),
    Use("sklearn", "sklearn", "import glassnet.sklearn", "ImportError"),
    Use("sklearn", "scipy", f"from glassnet.train.lbfgs import fit_lbfgs; {LBFGS}", "InputError"),
    Use("tables", "pyarrow", "gn.read_table('x.parquet')", "DataError"),
    Use("export", "onnx", "gn.export_onnx(gn.load_pretrained('classic'), 'x.onnx')", "ModelFileError"),
]
COMMANDS = [
    Use("plots", "matplotlib", "data show small.csv --out x.png"),
    Use("plots", "matplotlib", "explain classic row.csv --picture x.png"),
    Use("sklearn", "sklearn", "train classic --data digits"),
    Use("tables", "pyarrow", "train --data x.parquet --target y"),
    Use("export", "onnx", "export classic x.onnx"),
    Use("page", "uvicorn", "page --no-browser"),
]
PACKAGES = sorted({use.package for use in (*LIBRARY, *COMMANDS)} | {"torch"})
FINE = [
    "train classic --data small.csv --out run --epochs 1 --set training.batch_size=2",
    "evaluate run --data small.csv",
    "predict run small.csv",
    "data list",
    "recipes",
]
# One process for each missing package, for a new one costs as much as all that is asked of it.
SCRIPT = """
import json, sys
sys.modules |= {missing}
sys.path.insert(0, {tests!r})
from pathlib import Path
import numpy as np, glassnet as gn, glassnet.reading.picture, glassnet.plots
from commandline import glassnet

def caught(code):
    try:
        exec(code)
    except Exception as error:
        return [type(error).__name__, str(error)]

def said(command):
    done = glassnet(*command.split())
    return [done.returncode, done.stderr]

answers = dict(library=[*map(caught, {library})], commands=[*map(said, {commands})])
answers["written"] = sorted(str(path) for path in Path().rglob("*") if path.is_file())
answers["fine"] = [*map(said, {fine})]
print(json.dumps(answers))
"""
NEEDED_BY = {"scipy": ["sklearn"]}  # where it is missing, so are these


@pytest.mark.parametrize("package", PACKAGES)
def test_without_a_package(package: str, in_tmp: Path) -> None:
    """What needs it names the extra, nothing is half written, and what does not need it works."""
    Path("x.png").write_bytes(b"any")
    Path("x.parquet").write_bytes(b"PAR1")  # as a Parquet file begins
    Path("small.csv").write_text("label,a,b,c,d\n" + "0,0,0,0,0\n1,9,9,9,9\n" * 5)
    Path("row.csv").write_text(",".join(["7"] * 784) + "\n")
    library, commands = ([use for use in uses if use.package == package] for uses in (LIBRARY, COMMANDS))
    fine = list(FINE)
    if package in (
        "sklearn",
        "pyarrow",
        "onnx",
        "torch",
        "uvicorn",
    ):  # to draw takes longer than all else, and is tried without scipy
        fine[0] += " --no-pictures"
    script = SCRIPT.format(
        missing=dict.fromkeys([package, *NEEDED_BY.get(package, [])]),
        tests=str(Path(__file__).parent),
        library=[use.code for use in library],
        commands=[use.code for use in commands],
        fine=fine,
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    for use, (error, message) in zip(library, answers["library"], strict=True):
        assert error == use.error, use.code
        assert message.endswith(f": pip install 'glassnet[{use.extra}]'"), use.code
        assert message.count("\n") == 0
    for use, (code, message) in zip(commands, answers["commands"], strict=True):
        assert code == 2, use.code
        assert message.startswith("error: "), use.code
        assert message.endswith(f": pip install 'glassnet[{use.extra}]'\n"), use.code
        assert message.count("\n") == 1
    assert answers["written"] == ["row.csv", "small.csv", "x.parquet", "x.png"]
    for command, (code, message) in zip(fine, answers["fine"], strict=True):
        assert code == 0, f"{command}: {message}"
