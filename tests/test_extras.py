"""What needs an extra says so in one line, with the command that installs it; everything else does without."""

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
    Use("export", "onnx", "gn.export_onnx(gn.load_pretrained('classic'), 'x.onnx')", "ModelFileError"),
]
COMMANDS = [
    Use("plots", "matplotlib", "data show small.csv --out x.png"),
    Use("plots", "matplotlib", "explain classic row.csv --picture x.png"),
    Use("sklearn", "sklearn", "train classic --data digits"),
    Use("export", "onnx", "export classic x.onnx"),
]
CATCHING = """
import numpy as np, glassnet as gn, glassnet.reading.picture, glassnet.plots
try:
    {code}
except Exception as error:
    print(type(error).__name__, error)
"""
NEEDED_BY = {"scipy": ["sklearn"]}  # where it is missing, so are these


def without(package: str, code: str) -> subprocess.CompletedProcess[str]:
    """Run this where the package cannot be imported."""
    missing = dict.fromkeys([package, *NEEDED_BY.get(package, [])])
    script = f"import sys; sys.modules |= {missing}; {code}"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)


@pytest.fixture
def files(in_tmp: Path) -> Path:
    (in_tmp / "x.png").write_bytes(b"any")
    (in_tmp / "small.csv").write_text("label,a,b,c,d\n" + "0,0,0,0,0\n1,9,9,9,9\n" * 5)
    (in_tmp / "row.csv").write_text(",".join(["7"] * 784) + "\n")
    return in_tmp


@pytest.mark.parametrize("use", LIBRARY, ids=lambda use: f"{use.extra}: {use.code}")
def test_the_library_names_the_extra(use: Use, files: Path) -> None:
    done = without(use.package, CATCHING.format(code=use.code))
    assert done.stdout.startswith(use.error), done.stderr
    assert done.stdout.endswith(f": pip install 'glassnet[{use.extra}]'\n")
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize("use", COMMANDS, ids=lambda use: f"{use.extra}: {use.code}")
def test_the_command_line_names_the_extra(use: Use, files: Path) -> None:
    arguments = ["glassnet", *use.code.split()]
    done = without(use.package, f"sys.argv = {arguments!r}; import glassnet.cli.app; glassnet.cli.app.main()")
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.endswith(f": pip install 'glassnet[{use.extra}]'\n")
    assert done.stderr.count("\n") == 1
    written = {path.name for path in files.rglob("*") if path.is_file()}
    assert written == {"x.png", "small.csv", "row.csv"}  # nothing half written


@pytest.mark.parametrize("package", ["matplotlib", "sklearn", "scipy", "onnx", "torch"])
def test_what_needs_no_extra_does_without(package: str, files: Path) -> None:
    train = "train classic --data small.csv --out run --epochs 1 --set training.batch_size=2"
    for command in (train, "evaluate run --data small.csv", "predict run small.csv", "data list", "recipes"):
        arguments = ["glassnet", *command.split()]
        done = without(package, f"sys.argv = {arguments!r}; import glassnet.cli.app; glassnet.cli.app.main()")
        assert done.returncode == 0, done.stderr
