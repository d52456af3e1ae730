"""A model as one HTML file: opened from the disk in a real browser, used, and compared with Python."""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from cases import LAYERS, LayerCase
from drawn import draw, drawn
from glassnet.explanation.backward import back_to
from glassnet.explanation.passes import ForwardPass
from glassnet.export.described import described
from glassnet.web.joined import joined
from watched import Seen, watched

pytest.importorskip("playwright.sync_api")
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)

# Every output of a network for one example, and the gradient at its input of a gradient at its logits.
TRACED = """([model, x, dlogits]) => {
  const { network } = $file_model.modelOf(model);
  const outputs = $nn_network.trace(network, Float32Array.from(x));
  const gradients = $nn_network.traceBack(network, outputs, Float32Array.from(dlogits));
  return [Array.from(outputs[outputs.length - 1]), Array.from(gradients[0])];
}"""


@pytest.fixture(scope="module")
def engine(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A file in which the modules of the worker can be called by themselves."""
    path = tmp_path_factory.mktemp("engine") / "engine.html"
    path.write_text(f"<!doctype html><meta charset=utf-8><script>{joined('file/training_worker')}</script>")
    with watched(browser) as (page, seen):
        page.goto(path.as_uri())
        yield page
        assert seen.complaints == []


@contextmanager
def opened(browser: Browser, path: Path, **settings: Any) -> Iterator[Page]:
    """The file in a browser: nothing is complained of, and nothing but the file is asked for."""
    with watched(browser, **settings) as (page, seen):
        page.set_default_timeout(30_000)
        page.goto(path.as_uri())
        page.locator("main").wait_for()
        yield page
        assert seen == Seen([path.as_uri()], [])


def close(found: Any, expected: Any) -> None:
    """To 1e-4 of the largest."""
    expected = np.ravel(expected)
    np.testing.assert_allclose(np.array(found), expected, rtol=0, atol=1e-4 * max(np.abs(expected).max(), 1e-30))


def compare(engine: Page, network: gn.Network, x: np.ndarray, rng: np.random.Generator) -> None:
    """The logits, and the gradient at the input, are those of Python."""
    model = json.dumps({"network": described(network)})
    forward = ForwardPass.of(network, x)
    dlogits = rng.standard_normal(forward.logits.shape)
    z, dx = engine.evaluate(TRACED, [model, np.ravel(x).tolist(), dlogits.ravel().tolist()])
    close(z, network.logits(x[None])[0])
    close(dx, back_to(forward.network, forward.inputs, dlogits)[0])


@pytest.mark.parametrize("case", LAYERS, ids=lambda case: case.id)
def test_every_layer_computes_as_in_python(engine: Page, case: LayerCase, rng: np.random.Generator) -> None:
    network = gn.Network([case.layer, gn.Flatten()], input_shape=case.input_shape, seed=1)
    network.buffers[:] = np.abs(rng.standard_normal(network.buffers.shape)) + 0.1
    x = rng.standard_normal(case.input_shape).astype(np.float32)
    compare(engine, network, x, rng)


@pytest.mark.mnist
@pytest.mark.parametrize("name", ["classic", "cnn", "strong"])
def test_every_pretrained_model_computes_as_in_python(
    engine: Page, name: str, mnist: gn.Dataset, rng: np.random.Generator
) -> None:
    compare(engine, gn.load_pretrained(name), mnist.test[3:4].x[0], rng)


@pytest.fixture(scope="module")
def classic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("file") / "classic.html"
    gn.export_html(gn.Model.open("classic"), path)
    return path


def test_fifty_drawings_are_read_as_in_python(browser: Browser, classic: Path) -> None:
    model = gn.Model.open("classic")
    away = []
    with opened(browser, classic) as page:
        for strokes, pen in drawn(50, seed=0):
            picture, image, said = draw(page, strokes, pen)
            answer = model.read(base64.b64decode(picture.partition(",")[2]))
            assert said == answer.problem if answer.problem else said.startswith(f"{answer.label} ")
            assert (image is None) == (answer.image is None)
            if answer.image is not None and image is not None:
                away.append(np.abs(np.array(image) - answer.image.ravel().astype(int)))
    assert len(away) >= 45
    assert (np.array(away) <= 1).mean() >= 0.99


def test_the_file_is_used_by_keys_and_passes_for_those_who_cannot_see(browser: Browser, classic: Path) -> None:
    with opened(browser, classic, viewport={"width": 1280, "height": 900}) as page:
        page.get_by_label("Drawing", exact=True).focus()
        for key in ["Space", *["ArrowDown"] * 16, "Space"]:  # a stroke down the middle
            page.keyboard.press(key)
        expect(page.get_by_role("status", name="Answer", exact=True)).to_contain_text("1 ")
        page.get_by_label("The right digit").select_option("1")
        expect(page.get_by_text("The loss for the right digit 1 is")).to_be_visible()
        page.get_by_text("Which pixels speak for and against each digit").click()
        expect(page.get_by_label("Pixels that speak for and against 1")).to_be_visible()
        page.get_by_role("button", name="dense1", exact=True).click()
        page.get_by_label("output y").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="dense1[0] = ")).to_be_visible()
        expect(page.locator(".equation").first).to_contain_text("y[0] = ")
        for scheme in ("light", "dark"):
            page.get_by_label("Colours").select_option(scheme)
            found = Axe().run(page)
            assert found.violations_count == 0, found.generate_report()


def test_on_a_telephone_nothing_is_wider_than_the_screen(browser: Browser, classic: Path) -> None:
    telephone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    with opened(browser, classic, **telephone) as page:
        draw(page, [[(0.5, 0.15), (0.5, 0.85)]], "thick")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        small = (
            "() => [...document.querySelectorAll('button')].filter((one) => one.offsetHeight && one.offsetHeight < 24)"
        )
        assert page.evaluate(f"({small})().length") == 0


def test_a_number_that_is_changed_changes_the_answer_and_is_taken_back(browser: Browser, classic: Path) -> None:
    with opened(browser, classic) as page:
        draw(page, [[(0.5, 0.15), (0.5, 0.85)]], "thick")
        before = page.locator(".bars .value").all_inner_texts()
        page.get_by_role("button", name="dense2", exact=True).click()
        page.get_by_label("output y").focus()
        page.keyboard.press("Enter")
        page.get_by_label("Which number").select_option("b[0]")
        page.get_by_label("New value").fill("50")
        page.get_by_role("button", name="Set").click()
        expect(page.get_by_text("dense2 b[0]: ")).to_contain_text("becomes 50")
        assert page.locator(".bars .value").all_inner_texts() != before
        page.locator(".answer").get_by_role("button", name="Undo the change").click()
        expect(page.locator(".bars .value").first).to_have_text(before[0])


@pytest.mark.mnist
def test_the_probabilities_are_answered_to_those_who_embed_the_file(
    browser: Browser, classic: Path, mnist: gn.Dataset
) -> None:
    x = mnist.test[:1].x
    with opened(browser, classic) as page:
        for values in (x[0].tolist(), x.ravel().tolist()):
            said = page.evaluate("async (values) => Array.from(await window.glassnet.predict(values))", values)
            np.testing.assert_allclose(said, gn.load_pretrained("classic").predict_proba(x)[0], atol=1e-5)
        wrong = "window.glassnet.predict([1, 2]).catch((error) => error.message)"
        assert page.evaluate(wrong) == "expected 784 finite numbers, an example of shape 28 x 28, got 2 values"


def test_a_picture_that_is_none_is_refused_in_one_line(browser: Browser, classic: Path) -> None:
    with opened(browser, classic) as page:
        file: Any = {"name": "no.png", "mimeType": "image/png", "buffer": b"no picture"}
        page.locator("input[type=file]").set_input_files(file)
        expect(page.get_by_role("alert")).to_have_text(re.compile("^This is no picture"))


def weights_of(html: str) -> int:
    model = json.loads(html.split('id="model">')[1].split("</script>")[0])
    return sum(
        len(text) for layer in model["network"]["layers"] for p in layer["arrays"].values() for text in p.values()
    )


@pytest.mark.parametrize("name", ["classic", "cnn"])
def test_the_file_is_small_and_the_same_again(name: str, tmp_path: Path) -> None:
    model = gn.Model.open(name)
    for file in ("a.html", "b.html"):
        gn.export_html(model, tmp_path / file)
    html = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert html == (tmp_path / "b.html").read_text(encoding="utf-8")
    assert len(html.encode()) - weights_of(html) <= 250_000


def test_only_its_own_script_may_run_and_nothing_may_be_asked_for(classic: Path) -> None:
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', classic.read_text(encoding="utf-8"))
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    assert rules["default-src"] == "'none'"
    assert re.fullmatch(r"'sha256-[\w+/]{43}='", rules["script-src"])
    assert re.fullmatch(r"'sha256-[\w+/]{43}='", rules["style-src"])
    assert rules["worker-src"] == "blob:"
    assert set(rules) == {"default-src", "script-src", "style-src", "img-src", "worker-src", "base-uri", "form-action"}


NASTY = ["</script><script>alert(1)</script>", "<!--<script>", "$&`${1}\\", "\u2028é<img src=x onerror=alert(1)>"]


def test_a_hostile_name_is_shown_as_text(browser: Browser, tmp_path: Path) -> None:
    network = gn.Network([gn.Flatten(), gn.Dense(4)], input_shape=(28, 28), classes=NASTY)
    gn.save_network(network, tmp_path / "model.safetensors", about={"recipe": {"data": {"name": NASTY[0]}}})
    path = tmp_path / "file.html"
    gn.export_html(gn.Model.open(tmp_path / "model.safetensors"), path, title=NASTY[0], text=NASTY[1])
    assert path.read_text(encoding="utf-8").count("<script") == 3
    with opened(browser, path) as page:
        assert page.title() == NASTY[0]
        expect(page.get_by_role("heading", level=1)).to_have_text(NASTY[0])
        assert page.locator(".bars .name").all_inner_texts()[1] == NASTY[1]
        assert page.locator("img").count() == 0


class Odd(gn.Layer):
    """A layer of somebody's own.

    Forward:   y = x
    Backward:  dx = dy
    """

    def forward(self, x: np.ndarray, *, training: bool = False) -> np.ndarray:
        return x

    def backward(self, dy: np.ndarray) -> np.ndarray:
        return dy


def test_what_the_engine_lacks_is_refused_before_a_file_is_written(tmp_path: Path) -> None:
    def refused(layers: list[gn.Layer], message: str) -> None:
        model = gn.Model(Path("x"), gn.Network(layers, input_shape=(4, 4, 1)), None, {})
        with pytest.raises(gn.InputError, match=message):
            gn.export_html(model, tmp_path / "file.html")
        assert not any(tmp_path.iterdir())

    refused([gn.Flatten(), Odd(), gn.Dense(2)], "Odd has no form in JavaScript")
    refused([gn.Conv2D(2, 2)], r"flat outputs \(M,\), but these have shape \(3, 3, 2\)")
    network = gn.Network([gn.Flatten(), gn.Dense(2)], input_shape=(4, 4, 1))
    network.theta[3] = np.nan
    with pytest.raises(gn.InputError, match=r"dense1\.W holds NaN"):
        gn.export_html(gn.Model(Path("x"), network, None, {}), tmp_path / "file.html")
    with pytest.raises(gn.InputError, match="panels: expected some of inside, words"):
        gn.export_html(gn.Model.open("classic"), tmp_path / "file.html", panels=["inside", "teach"])
    assert not any(tmp_path.iterdir())
