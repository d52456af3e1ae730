"""A model as one HTML file: opened from the disk in a real browser, used, and compared with Python."""

import base64
import json
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from cases import LAYERS, LOSSES, LayerCase, targets_for
from drawn import draw, drawn
from glassnet.experiments.experiment import load_experiments
from glassnet.explanation.backward import back_to
from glassnet.explanation.passes import ForwardPass
from glassnet.export.described import described, loss_of, plain_settings, table_of
from glassnet.export.trainable import trainable
from glassnet.nn.decision import Decision
from glassnet.nn.settings import to_table
from glassnet.page import inside
from glassnet.reading.drawing import to_mnist
from glassnet.reading.picture import read, write
from glassnet.reading.readings import readings
from glassnet.web.joined import joined
from properties import hostile_html
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


@pytest.mark.repeats
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
        page.get_by_label("The right digit").select_option("1")
        expect(page.get_by_text("How large the gradient is at each layer")).to_be_visible()
        page.get_by_role("button", name="dense2", exact=True).click()
        expect(page.get_by_label("gradient dx")).to_be_visible()
        expect(page.locator(".trail")).to_be_in_viewport()
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
        expect(page.get_by_role("alert")).to_have_text(re.compile("^This browser cannot read this picture"))


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


@pytest.mark.parametrize("number", range(3))
def test_whatever_a_model_file_names_becomes_no_script(number: int, tmp_path: Path) -> None:
    hostile_html(number, tmp_path)


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


# The weights after ten steps of a training in JavaScript, from given weights and in a given order.
STEPS = """([layers, loss, x, labels, plan, theta]) => {
  const classes = Array.from({ length: 10 }, (_, k) => String(k));
  const network = $train_made.networkOf(layers, loss, { shape: [28, 28], classes }, () => ({}), 0);
  network.theta.set(theta);
  const data = { images: x.map((image) => Float32Array.from(image)), labels };
  const trainer = $train_trainer.trainerOf(network, data, plan, () => Int32Array.from(labels.keys()));
  for (let k = 0; k < 10; k++) trainer.step();
  return Array.from(network.theta);
}"""


@pytest.mark.mnist
@pytest.mark.parametrize(
    "optimizer",
    [gn.SGD(0.1), gn.SGD(0.05, momentum=0.9, nesterov=True), gn.Adam(0.01)],
    ids=repr,
)
def test_ten_steps_are_those_of_python(engine: Page, optimizer: gn.Optimizer, mnist: gn.Dataset) -> None:
    layers = [gn.Rescale(1 / 255), gn.Flatten(), gn.Dense(32), gn.Tanh(), gn.Dense(16), gn.ReLU(), gn.Dense(10)]
    network = gn.Network(layers, input_shape=(28, 28), seed=3)
    first, train = network.theta.copy(), mnist.train[:96]
    plan = gn.Plan(optimizer=optimizer, epochs=2, batch_size=16, shuffle=False)
    with gn.Trainer(network, train, plan) as trainer:
        while trainer.training.batch + 6 * (trainer.training.epoch - 1) < 10:
            trainer.step()
    kinds = [
        {"kind": type(layer).__name__, "settings": plain_settings(layer) | {"init": {"type": "Constant"}}}
        for layer in layers
    ]
    given = {"optimizer": to_table(optimizer), "batchSize": 16, "epochs": 2, "seed": 0}
    loss = {"kind": "CrossEntropy", "settings": {"smoothing": 0}}
    x, labels = train.x.reshape(len(train), -1).tolist(), np.asarray(train.y).tolist()
    theta = engine.evaluate(STEPS, [kinds, loss, x, labels, given, first.tolist()])
    moved = np.abs(network.theta - first).max()
    np.testing.assert_allclose(np.array(theta), network.theta, rtol=0, atol=1e-4 * moved)


ROWS = """class,sex,age,fare,port,alone,booked
1,female,38,71.25,Cherbourg,no,2024-03-02 07:30
3,male,,8.5,Southampton,yes,1969-12-31 23:59
2,male,12,26,,no,2023-02-28 12:00
"""


@pytest.fixture(scope="module")
def ship(tmp_path_factory: pytest.TempPathFactory) -> gn.Model:
    """Trained on a table of numbers with gaps, categories with gaps, codes, booleans, and dates with a clock."""
    rng, rows = np.random.default_rng(0), []
    for k in range(80):
        age, port = ("" if k % 9 == 0 else str(k)), ["Cherbourg", "Southampton", ""][k % 3]
        day = f"202{k % 5}-0{k % 9 + 1}-1{k % 9} {k % 24:02}:{k % 60:02}"
        rows.append(f"{k % 3 + 1},{['male', 'female'][k % 2]},{age},{k * 1.25},{port},{['yes', 'no'][k % 2]},{day}")
    fate = rng.integers(0, 3, 80)
    return table_model(tmp_path_factory.mktemp("ship"), rows, [["lost", "found", "<b>"][k] for k in fate])


def table_model(folder: Path, rows: list[str], targets: list[Any]) -> gn.Model:
    lines = [f"{ROWS.splitlines()[0]},target", *(f"{row},{target}" for row, target in zip(rows, targets, strict=True))]
    (folder / "table.csv").write_text("\n".join(lines))
    data = gn.load_table(folder / "table.csv", target="target", categorical=["class"], dates=True)
    outputs = len(data.classes) or 1
    network = gn.Network([gn.Standardize(), gn.Dense(9), gn.GELU(), gn.Dense(outputs)], input_shape=data.input_shape)
    network.classes = data.classes or None
    gn.fit(network, data.train, loss=None if data.classes else gn.SquaredError(), optimizer=gn.Adam(0.01), epochs=3)
    return gn.Model(Path("ship.safetensors"), network, data.schema, {})


def new_rows(folder: Path) -> Any:
    (folder / "new.csv").write_text(ROWS)
    return gn.read_table(folder / "new.csv")


def cells() -> list[list[str]]:
    """The cells of the rows as a browser has them: between the day and the time of a date stands a T."""
    return [line.replace(" ", "T").split(",") for line in ROWS.splitlines()[1:]]


def test_a_row_becomes_the_inputs_that_it_becomes_in_python(engine: Page, ship: gn.Model, tmp_path: Path) -> None:
    assert ship.schema is not None
    inputs = "([table, row]) => Array.from($file_row.inputsOf(table, row))"
    expected = ship.schema.examples(new_rows(tmp_path))
    table = table_of(ship.schema)
    for row, x in zip(cells(), expected, strict=True):
        np.testing.assert_allclose(engine.evaluate(inputs, [table, row]), x, rtol=0, atol=1e-9)
    refused = f"([table, row]) => {{ try {{ ({inputs})([table, row]) }} catch (error) {{ return error.message }} }}"
    for column, cell, message in (
        (3, "", "fare: the number is missing, but none was missing in training"),
        (3, "much", "fare: expected a number, got much"),
        (3, "1e31", "fare: expected a number, got 1e31"),
        (1, "other", "sex: the category other is unknown"),
        (6, "soon", "booked: expected a date, got soon"),
    ):
        row = cells()[0]
        row[column] = cell
        assert engine.evaluate(refused, [table, row]) == message


def test_a_threshold_decides_in_the_file_too(engine: Page, browser: Browser, tmp_path: Path) -> None:
    rows = [f"{k % 3 + 1},{['male', 'female'][k % 2]},{k},{k * 1.25},,yes,2024-01-01 10:00" for k in range(40)]
    model = table_model(tmp_path, rows, ["lost" if k % 4 else "saved" for k in range(40)])
    average = {"lost": 0, "saved": 0}
    for threshold in (1e-6, 1 - 1e-6):
        gn.export_html(model.with_decision(Decision(1, threshold)), tmp_path / "two.html")
        with opened(browser, tmp_path / "two.html") as page:
            said = page.get_by_role("status", name="Answer", exact=True)
            expect(said).to_contain_text("%")
            expect(said).to_contain_text(f"; saved is predicted from {'<' if threshold < 0.5 else '>'}")
            average[said.locator("strong").inner_text()] += 1
    assert average == {"lost": 1, "saved": 1}


def test_a_table_has_a_form_and_says_what_moved_the_answer(browser: Browser, ship: gn.Model, tmp_path: Path) -> None:
    gn.export_html(ship, tmp_path / "ship.html")
    answer = ship.answers(new_rows(tmp_path))[0]
    with opened(browser, tmp_path / "ship.html", viewport={"width": 1280, "height": 900}) as page:
        status = page.get_by_role("status", name="Answer", exact=True)
        expect(status).to_contain_text("%")  # of an average row
        for name, cell in zip(ROWS.splitlines()[0].split(","), cells()[0], strict=True):
            field = page.get_by_label(name, exact=True)
            if field.evaluate("(field) => field.tagName") == "SELECT":
                field.select_option(cell)
            else:
                field.fill(cell)
        expect(status).to_have_text(re.compile(rf"^{answer.label} {100 * (answer.probability or 0):.1f} %"))
        moved = page.get_by_label("What moved the answer")
        expect(moved.locator("li")).to_have_count(7)
        assert ship.schema is not None
        effects = ship.explain(new_rows(tmp_path).rows([0])).says_for(answer.ranking[0])
        names = ship.schema.input_names
        by_column = {
            column.name: sum(effects[names.index(each)] for each in column.inputs) for column in ship.schema.inputs
        }
        most = max(by_column, key=lambda name: abs(by_column[name]))
        expect(moved.locator("li").first.locator(".name")).to_have_text(most)
        digits = 3 - math.floor(math.log10(abs(by_column[most])))
        expect(moved.locator("li").first.locator(".value")).to_have_text(f"{by_column[most]:+.{digits}f}")
        page.get_by_label("fare", exact=True).fill("")
        expect(page.get_by_role("alert")).to_have_text("fare: the number is missing, but none was missing in training")
        page.get_by_label("age", exact=True).fill("")
        page.get_by_role("button", name="An average row").click()
        expect(page.get_by_role("alert")).to_be_hidden()
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


def test_a_regression_says_its_number(browser: Browser, tmp_path: Path) -> None:
    rows = [f"{k % 3 + 1},male,{k},{k},Cherbourg,{['yes', 'no'][k % 2]},2024-01-0{k % 9 + 1} 10:00" for k in range(40)]
    model = table_model(tmp_path, rows, [f"{1.5 * k + 2:.1f}" for k in range(40)])
    gn.export_html(model, tmp_path / "amounts.html")
    with opened(browser, tmp_path / "amounts.html") as page:
        status = page.get_by_role("status", name="Answer", exact=True)
        expect(status).to_contain_text("target")
        page.get_by_label("fare", exact=True).fill("30")
        page.wait_for_timeout(300)
        said = float(status.inner_text().removeprefix("target ").replace(",", ""))
        row = [page.get_by_label(name, exact=True).input_value() for name in ROWS.splitlines()[0].split(",")]
        (tmp_path / "one.csv").write_text(f"{ROWS.splitlines()[0]}\n{','.join(row).replace('T1', ' 1')}\n")
        assert said == pytest.approx(model.predict(gn.read_table(tmp_path / "one.csv"))[0], abs=0.01)


def test_other_images_are_dropped_and_scaled(browser: Browser, tmp_path: Path) -> None:
    network = gn.Network(
        [gn.Rescale(1 / 255), gn.Flatten(), gn.Dense(2)], input_shape=(10, 12, 3), classes=["boat", "plane"]
    )
    gn.export_html(gn.Model(Path("boats"), network, None, {}), tmp_path / "boats.html")
    with opened(browser, tmp_path / "boats.html") as page:
        picture = np.zeros((20, 48, 3), np.uint8)  # half as high as the network's images are, for its width
        picture[..., 0] = 200
        write(tmp_path / "boat.png", picture)
        page.locator("input[type=file]").set_input_files(tmp_path / "boat.png")
        expect(page.get_by_role("status", name="Answer", exact=True)).to_contain_text("then")
        x = np.zeros((1, 10, 12, 3), np.uint8)
        x[..., 0] = 200  # the border has the colour of the picture's own border
        first = network.class_names[int(network.predict(x)[0])]
        expect(page.get_by_role("status", name="Answer", exact=True)).to_have_text(re.compile(f"^{first}"))
        page.get_by_text("Invert it").click()
        inverted = network.class_names[int(network.predict(255 - x)[0])]
        expect(page.get_by_role("status", name="Answer", exact=True)).to_have_text(re.compile(f"^{inverted}"))


def test_bare_numbers_are_typed(browser: Browser, tmp_path: Path) -> None:
    network = gn.Network([gn.Dense(3)], input_shape=5)
    gn.export_html(gn.Model(Path("five"), network, None, {}), tmp_path / "five.html")
    with opened(browser, tmp_path / "five.html") as page:
        page.get_by_role("textbox", name="Numbers").fill("1, 2 3;4\n5")
        expected = network.predict_proba(np.arange(1.0, 6)[None])[0]
        first = int(expected.argmax())
        answer = re.compile(f"^{first} {100 * expected[first]:.1f} %")
        expect(page.get_by_role("status", name="Answer", exact=True)).to_have_text(answer)
        page.get_by_role("textbox", name="Numbers").fill("1, 2")
        expect(page.get_by_role("alert")).to_have_text(re.compile("^expected 5 finite numbers"))


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lesson") / "lesson.html"
    gn.export_html(
        gn.Model.open("classic"), path, title="Class 9b", text="Find a 7 that it reads as a 1.", training=True
    )
    return path


@pytest.mark.repeats
@pytest.mark.mnist
def test_a_file_trains_steps_back_and_is_shared(browser: Browser, lesson: Path) -> None:
    assert len(lesson.read_bytes()) - weights_of(lesson.read_text(encoding="utf-8")) <= 1_250_000

    def step(page: Page, name: str, place: str) -> str:
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.get_by_role("status", name="Where the training is")).to_contain_text(place)
        print_ = page.get_by_role("status", name="Fingerprint", exact=True)
        expect(print_).to_have_text(re.compile("^[0-9a-f]{16}$"))
        return print_.inner_text()

    with opened(browser, lesson, viewport={"width": 1280, "height": 900}) as page:
        assert page.title() == "Class 9b"
        expect(page.get_by_text("Find a 7 that it reads as a 1.")).to_be_visible()
        page.get_by_label("Test digit").select_option("7")
        page.get_by_role("button", name="Take an example").click()
        expect(page.get_by_label("The right digit")).to_have_value("7")
        page.get_by_label("Recipe", exact=True).select_option("sixteen")
        first = step(page, "Step", "step 1 of")
        second = step(page, "Step", "step 2 of")
        assert step(page, "Step back", "step 1 of") == first
        assert step(page, "Step", "step 2 of") == second
        epoch = step(page, "Epoch", "step 157 of")
        expect(page.get_by_role("status", name="Where the training is")).to_contain_text("validation accuracy")
        expect(page.get_by_label("Network", exact=True)).to_have_value("training")
        page.get_by_role("button", name="Copy a link to this").click()
        link = page.get_by_label("Link", exact=True)
        expect(link).to_have_value(re.compile(f"^{re.escape(lesson.as_uri())}#recipe=sixteen.*&step=157&prints="))
        address = link.input_value()
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    with watched(browser) as (page, seen):
        page.goto(address)
        expect(page.get_by_role("status", name="Fingerprint", exact=True)).to_have_text(epoch)
        expect(page.get_by_role("status", name="Agreement with the link")).to_contain_text("up to step 157")
        assert seen.complaints == []


@pytest.mark.repeats
@pytest.mark.mnist
def test_a_file_performs_an_experiment_and_its_gradient_check_finds_the_error(browser: Browser, lesson: Path) -> None:
    with opened(browser, lesson, viewport={"width": 1280, "height": 900}) as page:
        page.get_by_label("Experiment", exact=True).select_option("wrong-gradient")
        page.get_by_role("button", name="Run the experiment").click()
        place = page.get_by_role("status", name="Where the training is")
        expect(place).to_contain_text("with the error: step")
        page.get_by_role("button", name="Pause").click()
        page.get_by_role("button", name="Back to the start").click()
        expect(place).to_contain_text("with the error: step 0 of")
        expect(page.get_by_label("Network", exact=True)).to_have_value("training")
        page.get_by_role("button", name="Take an example").click()
        expect(page.get_by_label("The right digit")).not_to_have_value("")
        page.get_by_label("Layer", exact=True).select_option("dense1")
        page.get_by_role("button", name="Check", exact=True).click()
        expect(page.locator(".verdict")).to_have_text("They differ: they have the same size, and opposite signs.")
        page.get_by_label("Layer", exact=True).select_option("dense2")
        page.get_by_role("button", name="Check", exact=True).click()
        expect(page.locator(".verdict")).to_contain_text("They agree")


@pytest.mark.mnist
def test_every_experiment_can_be_begun_in_javascript(engine: Page) -> None:
    given = trainable()
    begun = """(given) => {
      const image = new Float32Array(784).fill(7);
      const train = { images: Array(60).fill(image), labels: Array.from({ length: 60 }, (_, k) => k % 10) };
      const data = { train, validation: train };
      return given.experiments.flatMap(({ name, setups }) => setups.map((setup, k) => {
        const training = $train_training.trainingOf(setup, given, data, () => {});
        training.timeline.step();
        const kinds = training.network.layers.map(({ kind }) => kind);
        return [`${name} ${k}`, kinds, training.timeline.position(), training.examples];
      }));
    }"""
    found = {name: [kinds, position, examples] for name, kinds, position, examples in engine.evaluate(begun, given)}
    assert {name.rpartition(" ")[0] for name in found} == load_experiments().keys()
    assert all(position == 1 for _, position, _ in found.values())
    assert found["softmax-twice 0"][0][-1] == "Softmax"
    assert found["softmax-twice 1"][0][-1] == "Dense"
    assert "Rescale" not in found["not-scaled 0"][0]
    assert "OwnReLU" in found["wrong-gradient 0"][0]
    assert found["batch-size 0"][2] == 12


# The loss of one example, its prediction, and the gradient at its logits.
LOST = """([loss, z, target]) => {
  const p = $nn_loss.predict(loss, Float64Array.from(z));
  const [lost, back] = [$nn_loss.lossOf(loss, z, p, target), $nn_loss.lossBack(loss, p, target)];
  return [lost, Array.from(p), Array.from(back), Array.from($nn_loss.byClass(loss, p))];
}"""


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_every_loss_computes_as_in_python(engine: Page, loss: gn.Loss, rng: np.random.Generator) -> None:
    for outputs in (1, 3) if not isinstance(loss, gn.CrossEntropy) else (2, 3):
        z = 2 * rng.standard_normal((1, outputs))
        for targets in targets_for(loss, 1, outputs, seed=outputs):
            target = targets[0].tolist() if targets.ndim == 2 else int(targets[0])
            lost, p, back, by_class = engine.evaluate(LOST, [loss_of(loss), z[0].tolist(), target])
            value, prediction = loss.forward(z, targets)
            assert lost == pytest.approx(value, abs=1e-9)
            close(p, prediction)
            close(back, loss.backward(prediction, targets))
            close(by_class, loss.by_class(prediction))


# What opens of a network: all its layers, one layer, some of its units, pixels and predictions.
EXPLAINED = """([model, x, label, asks]) => {
  const { network } = $file_model.modelOf(model);
  const plain = (key, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
  return JSON.stringify(asks.map(([name, ...more]) => $explanation_inside[name](network, x, ...more, label)), plain);
}"""


def same(found: Any, expected: Any) -> None:
    """Numbers to 1e-4, texts but for their last digits, arrays to 1e-4 of the largest."""
    if isinstance(expected, np.ndarray):
        assert found["shape"] == list(expected.shape)
        close(found["values"], expected)
    elif isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key in expected:
            same(found[key], expected[key])
    elif isinstance(expected, list | tuple):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            same(one, other)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-9)
    elif isinstance(expected, str):
        number = r"-?\d[\d.]*(?:e[+-]\d+)?"
        assert re.sub(number, "#", found) == re.sub(number, "#", expected)
    else:
        assert found == expected


def test_what_opens_of_a_network_is_that_of_python(engine: Page, rng: np.random.Generator) -> None:
    layers = [
        *(gn.Rescale(1 / 255), gn.Reshape((6, 6, 1)), gn.Conv2D(3, 3, padding="same"), gn.BatchNorm(), gn.ReLU()),
        *(gn.MaxPool2D(2), gn.Dropout(0.5), gn.Flatten(), gn.Dense(5), gn.GELU(), gn.Dense(4)),
    ]
    network = gn.Network(layers, input_shape=(6, 6), seed=2)
    network.buffers[:] = np.abs(rng.standard_normal(network.buffers.shape)) + 0.1
    x = rng.integers(0, 256, (6, 6)).astype(np.uint8)
    model = json.dumps({"network": described(network)})
    for label in (2, None):
        asks: list[list[Any]] = [["layers"], *(["layer", layer.name] for layer in network.layers)]
        asks += [["unit", one.name, [int(rng.integers(side)) for side in one.output_shape]] for one in network.layers]
        asks += [["unit", "input", [2, 3]], ["unit", "prediction", [1]]]
        said = json.loads(engine.evaluate(EXPLAINED, [model, x.ravel().tolist(), label, asks]))
        for found, (name, *more) in zip(said, asks, strict=True):
            same(found, json_like(getattr(inside, name)(network, x, *more, label)))


def json_like(value: Any) -> Any:
    """The same with plain numbers and lists; arrays stay."""
    if isinstance(value, dict):
        return {key: json_like(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_like(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


# All readings of a picture in grey: the images that become of it, and what was left out for each.
READ = """([height, width, values]) => {
  const grey = { height, width, values: Uint8Array.from(values) };
  const found = [...$reading_readings.readings(grey, $reading_form.formFor([28, 28]))];
  return found.map(({ image, problem, leftOut }) => [image && Array.from(image.values), problem, leftOut]);
}"""
PICTURES = Path(__file__).parent.parent / "reading" / "pictures"


@pytest.mark.parametrize("name", ["upstroke.png", "upstroke-fine.png"])
def test_a_photo_is_read_as_in_python_in_all_its_readings(engine: Page, name: str) -> None:
    grey = read(PICTURES / name)
    found = engine.evaluate(READ, [*grey.shape, grey.ravel().tolist()])
    expected = list(readings(grey, to_mnist))
    assert [tuple(left_out) for *_, left_out in found] == [one.left_out for one in expected]
    for (image, problem, _), one in zip(found, expected, strict=True):
        assert problem == one.problem
        assert (image is None) == (one.image is None)
        if one.image is not None:
            assert (np.abs(np.array(image) - one.image.ravel().astype(int)) <= 1).mean() >= 0.99
