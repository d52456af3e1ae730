"""The cells of docs/guide/notebook.md as they stand there: in a kernel, and in JupyterLab in a real browser."""

import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from served import SECONDS

if TYPE_CHECKING:
    from jupyter_client.blocking.client import BlockingKernelClient
    from jupyter_client.manager import KernelManager
    from playwright.sync_api import Browser, WebSocket

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))
import docs

PAGE = docs.DOCS / "guide" / "notebook.md"
(TRAIN, _), (DRAW, _), (READ, _) = docs.files(PAGE)
LONG = 3 * SECONDS  # for JupyterLab, which takes long to start


@pytest.fixture
def kernel(in_tmp: Path) -> "Iterator[tuple[KernelManager, BlockingKernelClient]]":
    manager = pytest.importorskip("jupyter_client.manager", reason="a notebook needs ipykernel and nbclient")
    pytest.importorskip("matplotlib", reason="the cell draws with the extra 'plots'")
    pytest.importorskip("sklearn", reason="the small digits come with the extra 'sklearn'")
    running, client = manager.start_new_kernel(kernel_name="python3", startup_timeout=SECONDS)
    try:
        yield running, client
    finally:
        client.stop_channels()
        running.shutdown_kernel(now=True)


@pytest.mark.repeats  # the client of a kernel leaves a thread, beside which no training may fork
def test_a_cell_trains_and_shows_its_curves_and_an_interrupt_ends_it(kernel: Any) -> None:
    manager, client = kernel

    def shown_by(cell: str, *, interrupt: bool = False) -> list[dict[str, str]]:
        """All that a cell shows, each in its forms; with the first of it, the kernel is interrupted if asked for."""
        shown: list[dict[str, str]] = []

        def take(message: dict[str, Any]) -> None:
            if data := message["content"].get("data"):
                shown.append(data)
                if interrupt and len(shown) == 1:
                    manager.interrupt_kernel()

        reply = client.execute_interactive(cell, timeout=SECONDS, output_hook=take)["content"]
        assert reply["status"] == "ok", reply
        return shown

    first, *_, last, curves = shown_by(TRAIN)
    assert first["text/plain"].startswith("epoch   1/100  loss ")
    assert last["text/plain"].startswith("epoch 100/100  loss ")
    assert curves["image/png"]
    *_, curves = shown_by(TRAIN.replace("epochs=100", "epochs=100_000_000"), interrupt=True)
    assert curves["image/png"]  # the rest of the cell has run
    assert shown_by("history.interrupted")[0]["text/plain"] == "True"
    said = shown_by("history")[0]["text/plain"]
    assert re.fullmatch(r"History\(epochs=\d+, .*, stopped='interrupted in epoch \d+'\)", said), said


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """The address of a notebook with the cells of the page, in JupyterLab that keeps all of its files in one folder."""
    for package in ("anywidget", "jupyterlab"):
        if find_spec(package) is None:
            pytest.skip("this cell needs the extra 'fuzz'")
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    kernel = {"name": "python3", "display_name": "Python 3"}
    notebook = new_notebook(cells=[new_code_cell(DRAW), new_code_cell(READ)], metadata={"kernelspec": kernel})
    nbformat.write(notebook, tmp_path / "draw.ipynb")
    token = secrets.token_urlsafe()
    folders = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    folders |= {f"JUPYTERLAB_{name}_DIR": str(tmp_path / name) for name in ("SETTINGS", "WORKSPACES")}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0"]
    options = [f"--IdentityProvider.token={token}", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    process = subprocess.Popen(
        [*command, *options, "--LabApp.extension_manager=readonly"],
        cwd=tmp_path,
        env=os.environ | folders | {"IPYTHONDIR": str(tmp_path / "ipython")},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    try:
        while not (address := re.search(r"http://127\.0\.0\.1:\d+/", line := process.stderr.readline())):
            assert line, "JupyterLab has ended"
        yield f"{address[0]}doc/tree/draw.ipynb?token={token}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # the kernels, too
        process.communicate(timeout=SECONDS)


@pytest.mark.browser
@pytest.mark.repeats  # JupyterLab is large, and only make fuzz installs it
def test_a_drawing_in_jupyterlab_is_read(lab: str, browser: "Browser") -> None:
    page, sockets = browser.new_page(), list["WebSocket"]()
    page.set_default_timeout(LONG * 1000)
    page.on("websocket", lambda socket: sockets.append(socket))  # Playwright takes no built-in method
    page.goto(lab)
    page.get_by_text("| Idle").wait_for()
    cells = page.locator(".jp-Notebook .jp-Cell")

    def run(number: int) -> None:
        cells.nth(number).locator(".cm-content").click()
        page.keyboard.press("Shift+Enter")

    run(0)
    paper = page.locator(".jp-OutputArea canvas")
    paper.scroll_into_view_if_needed()
    box = paper.bounding_box()
    assert box is not None
    (kernel,) = [socket for socket in sockets if "/api/kernels/" in socket.url and not socket.is_closed()]
    page.mouse.move(box["x"] + 70, box["y"] + 60)
    page.mouse.down()
    for x, y in ((200, 60), (130, 230)):
        page.mouse.move(box["x"] + x, box["y"] + y, steps=5)
    with kernel.expect_event("framesent"):  # the picture, which goes to the kernel before the next cell
        page.mouse.up()
    said = cells.nth(1).locator(".jp-OutputArea-output")
    run(1)
    said.filter(has_text="Answer(label='7'").wait_for()
    with kernel.expect_event("framesent"):
        page.get_by_role("button", name="Clear", exact=True).click()
    run(1)
    said.filter(has_text="Answer(problem='no ink found").wait_for()
    page.close()
