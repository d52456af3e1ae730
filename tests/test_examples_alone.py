"""What a page shows can be pasted: every example runs alone, every command is one that there is."""

import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from PIL import Image, ImageDraw

from glassnet.cli import app

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))
import docs

ROOT = docs.DOCS.parent
PAGES = [ROOT / "README.md", docs.DOCS / "settings.md", *sorted((docs.DOCS / "guide").glob("*.md"))]
NEEDS = (("onnx", "export"), ("onnxruntime", "test"), ("sklearn", "sklearn"), ("torch", "bench"))


def programs() -> list[Any]:
    return [
        pytest.param(
            page,
            line,
            program,
            id=f"{page.name}, line {line + 1}",
            marks=[pytest.mark.mnist] if 'load_dataset("mnist")' in program else [],
        )
        for page in PAGES
        for line, program in docs.alone(page)
    ]


@pytest.fixture
def desk(in_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a person who has taken a picture of a digit, photo.png, and of a number, meter.jpg."""
    monkeypatch.setenv("COLUMNS", "80")
    page = Image.new("L", (160, 180), 245)
    ImageDraw.Draw(page).line([(40, 35), (110, 35), (75, 130)], fill=20, width=10, joint="curve")
    page.save(in_tmp / "photo.png")
    meter = Image.new("L", (300, 180), 245)
    for left in (0, 120):
        meter.paste(page, (left, 0))
    meter.save(in_tmp / "meter.jpg")
    return in_tmp


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No dataset at hand, and no network."""
    monkeypatch.delenv("GLASSNET_DATA", raising=False)
    monkeypatch.setenv("GLASSNET_MIRROR", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    for variable in ("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))


@pytest.mark.parametrize(("page", "line", "program"), programs())
def test_an_example_runs_alone(page: Path, line: int, program: str, desk: Path, request: pytest.FixtureRequest) -> None:
    for package, extra in NEEDS:
        if re.search(rf"^(?:import|from) {package}\b", program, re.MULTILINE):
            pytest.importorskip(package, reason=f"this example needs the extra '{extra}'")
    if "glassnet.sklearn" in program or "digits" in program:
        pytest.importorskip("sklearn", reason="this example needs the extra 'sklearn'")
    if "fallback=" in program:  # then it must run without the data
        request.getfixturevalue("offline")
        with pytest.warns(UserWarning, match="digits is used instead"):
            exec(compile(program, f"{page.name}, line {line + 1}", "exec"), {"__name__": "alone"})
        return
    exec(compile(program, f"{page.name}, line {line + 1}", "exec"), {"__name__": "alone"})


def parse(call: str) -> None:
    """Raise an error of the command line unless the command is there and takes these arguments; nothing is run."""
    command: Any = typer.main.get_command(app.app)
    words = shlex.split(call)[1:]
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        if words[0] not in command.commands:
            raise ValueError(f"there is no command {words[0]!r}")
        command, words = command.commands[words[0]], words[1:]
    command.make_context(command.name, words)


@pytest.mark.parametrize("page", [*PAGES, *(docs.DOCS / "tutorials").glob("*.md")], ids=lambda page: page.name)
def test_every_command_of_a_page_is_one_that_there_is(page: Path) -> None:
    calls = docs.commands(page)
    assert calls or "```\nglassnet" not in page.read_text(encoding="utf-8")
    for call in calls:
        try:
            parse(call)
        except Exception as error:
            pytest.fail(f"{page.name}: {call}: {error}")


@pytest.mark.parametrize("call", ["glassnet trian classic", "glassnet train classic --rate 0.1", "glassnet export cnn"])
def test_a_wrong_command_is_found(call: str) -> None:
    with pytest.raises(Exception, match=r"no command|such option|Missing (argument|parameter)"):
        parse(call)


def test_an_example_that_needs_another_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\nx = 1\n```\n\n```python\nprint(x)\n```\n")
    (_, first), (_, second) = docs.alone(page)
    exec(first, {})
    with pytest.raises(NameError):
        exec(second, {})
    page.write_text(f"{docs.SETUP}{page.read_text()}")
    exec(docs.alone(page)[1][1], {})


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("start", ["glassnet predict photo.png", "glassnet data export diabetes --csv"])
def test_the_first_commands_of_the_readme_run_one_after_another(
    start: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("sklearn", reason="the table comes with the extra 'sklearn'")
    (block,) = [block for block in docs.shells(ROOT / "README.md") if block.startswith(start)]
    for line in block.splitlines():
        monkeypatch.setattr(sys, "argv", shlex.split(line, comments=True))
        assert app._run() == 0, capsys.readouterr().err


@pytest.mark.usefixtures("desk", "offline")
@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive", "ignore:More than 20 figures")
@pytest.mark.parametrize("name", ["by_hand", "digits"])
def test_a_notebook_runs_without_mnist_and_without_a_network(name: str) -> None:
    matplotlib = pytest.importorskip("matplotlib", reason="notebooks draw with the extra 'plots'")
    pytest.importorskip("sklearn", reason="the small digits come with the extra 'sklearn'")
    matplotlib.use("Agg")
    cells = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    code[0] = code[0].removeprefix("%matplotlib inline\n")
    namespace: dict[str, Any] = {"__name__": name, "display": lambda figure: None}
    programs = [compile(cell, f"{name}, cell {number}", "exec") for number, cell in enumerate(code, 1)]
    with pytest.warns(UserWarning, match="digits is used instead"):
        exec(programs[0], namespace)  # which loads the data
    for program in programs[1:]:
        exec(program, namespace)
    assert namespace["mnist"].name == "digits"
