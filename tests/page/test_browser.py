"""The page in a real browser: what a person does with it, by mouse, by keys, and on a telephone."""

import base64
import io
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image, ImageDraw

import glassnet as gn
from served import Served
from watched import watched

pytest.importorskip("playwright.sync_api")
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

expect.set_options(timeout=30_000)  # on a machine that does other things too
pytestmark = [pytest.mark.browser, pytest.mark.mnist, pytest.mark.posix]

Stroke = list[tuple[float, float]]
DIGITS: dict[str, list[Stroke]] = {
    "1": [[(0.5, 0.15), (0.5, 0.85)]],
    "3": [
        [
            (0.3, 0.2),
            (0.5, 0.14),
            (0.68, 0.25),
            (0.62, 0.42),
            (0.45, 0.48),
            (0.65, 0.55),
            (0.7, 0.72),
            (0.5, 0.86),
            (0.28, 0.78),
        ]
    ],
    "7": [[(0.25, 0.2), (0.72, 0.2), (0.4, 0.85)]],
    "4": [[(0.35, 0.15), (0.28, 0.52), (0.72, 0.5)], [(0.62, 0.2), (0.6, 0.88)]],
}
FIVE: list[Stroke] = [  # without its bar
    [(0.35, 0.38), (0.33, 0.3), (0.32, 0.44)],
    [(0.45, 0.42), (0.6, 0.47), (0.68, 0.55), (0.7, 0.65), (0.66, 0.77), (0.58, 0.85), (0.46, 0.88), (0.35, 0.86)],
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served("classic", cwd=tmp_path_factory.mktemp("page")) as server:
        yield server


class Opened:
    """A page that is open, as a person sees it."""

    def __init__(self, page: Page, served: Served) -> None:
        self.page = page
        page.goto(served.address)
        expect(self.list("Network")).not_to_have_value("")

    def list(self, name: str) -> Any:
        return self.page.get_by_label(name, exact=True)

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name, exact=True)

    def reach(self, name: str) -> Any:
        """A picture of numbers that has the focus."""
        expect(self.list(name)).to_be_visible()
        self.list(name).focus()
        return self.list(name)

    def status(self, name: str) -> Any:
        return self.page.get_by_role("status", name=name, exact=True)

    def readings(self) -> Any:
        """The buttons that choose another way to read the picture."""
        return self.page.get_by_role("list", name="Other ways to read this picture").get_by_role("button")

    def three_with_a_speck(self) -> None:
        """Choose a picture file in which the speck is taken for dirt by one reading, and for ink by another."""
        image, file = Image.new("L", (200, 200), 255), io.BytesIO()
        pen = ImageDraw.Draw(image)
        pen.arc((50, 10, 150, 100), -160, 90, 20, 12)
        pen.arc((50, 90, 150, 190), -90, 160, 20, 12)
        pen.ellipse((10, 10, 18, 18), 20)
        image.save(file, "PNG")
        chosen: Any = {"name": "three.png", "mimeType": "image/png", "buffer": file.getvalue()}
        self.page.locator("input[type=file]").set_input_files(chosen)

    def draw(self, strokes: "list[Stroke]", *, lift: bool = True) -> None:
        box = self.page.get_by_label("Drawing", exact=True).bounding_box()
        assert box is not None
        mouse = self.page.mouse
        for stroke in strokes:
            points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
            mouse.move(*points[0])
            mouse.down()
            for point in points[1:]:
                mouse.move(*point, steps=6)
            if lift:
                mouse.up()

    def example(self, digit: int) -> None:
        self.list("Test digit").select_option(str(digit))
        self.button("Take an example").click()
        expect(self.list("The right digit")).to_have_value(str(digit))

    def step(self, name: str, place: str) -> str:
        """Press a button of the training, wait for the place that it leads to, and return the fingerprint."""
        self.button(name).click()
        expect(self.status("Where the training is")).to_contain_text(place)
        expect(self.status("Fingerprint")).to_have_text(re.compile("^[0-9a-f]{16}$"))
        return self.status("Fingerprint").inner_text()


@contextmanager
def opening(served: Served, browser: Browser, **settings: Any) -> Iterator[Opened]:
    """A page with a session of its own, which complains of nothing and asks nobody else."""
    with watched(browser, **settings) as (page, seen):
        page.set_default_timeout(30_000)
        yield Opened(page, served)
        assert seen.complaints == []
        assert {address.partition("://")[2].partition("/")[0] for address in seen.requests} == {served.origin[7:]}


@pytest.fixture
def opened(served: Served, browser: Browser) -> Iterator[Opened]:
    with opening(served, browser, viewport={"width": 1280, "height": 900}) as opened:
        yield opened


def test_a_drawn_digit_is_read_and_can_be_taken_back(opened: Opened) -> None:
    opened.list("Network").select_option("cnn")
    answer = opened.status("Answer")
    for digit, strokes in DIGITS.items():
        opened.button("Clear").click()
        expect(answer).to_contain_text("Draw a digit")
        opened.draw(strokes)
        expect(answer).to_have_text(re.compile(rf"^{digit} .*then \d with"))
    opened.button("Undo").click()  # the second stroke of the 4
    expect(answer).not_to_have_text(re.compile("^4 "))


@pytest.mark.repeats
def test_what_is_no_digit_is_refused_and_without_a_threshold_it_says_that_it_cannot(opened: Opened) -> None:
    opened.list("Network").select_option("cnn")
    opened.draw(
        [[(0.2, 0.2), (0.8, 0.8)], [(0.8, 0.2), (0.2, 0.8)], [(0.1, 0.5), (0.9, 0.5)], [(0.5, 0.1), (0.5, 0.9)]]
    )
    expect(opened.status("Answer")).to_contain_text("not recognised as a digit")
    expect(opened.page.get_by_text("from five views")).to_be_visible()
    opened.step("Step", "step 1 of")
    expect(opened.page.get_by_text("cannot refuse")).to_be_visible()


def test_another_way_to_read_the_picture_can_be_chosen(opened: Opened) -> None:
    opened.list("Network").select_option("cnn")
    opened.three_with_a_speck()
    readings = opened.readings()
    expect(opened.status("Answer")).to_have_text(re.compile("^3 "))
    expect(readings).to_have_count(2)
    first, second = readings.nth(0), readings.nth(1)
    expect(first).to_have_accessible_name(re.compile(r"^as 3, evidence \d+\.\d, cleaned as usual$"))
    expect(second).to_have_accessible_name(re.compile(r"^as 3, evidence \d+\.\d, with its specks$"))
    expect(first).to_have_attribute("aria-pressed", "true")
    expect(second).to_have_attribute("aria-pressed", "false")
    opened.list("The right digit").select_option("3")
    seen = opened.page.locator(".seen canvas")
    before = seen.evaluate("(canvas) => canvas.toDataURL()")
    second.focus()
    opened.page.keyboard.press("Enter")
    expect(second).to_have_attribute("aria-pressed", "true")
    expect(first).to_have_attribute("aria-pressed", "false")
    expect(second).to_be_focused()
    assert seen.evaluate("(canvas) => canvas.toDataURL()") != before
    expect(opened.list("The right digit")).to_have_value("3")
    opened.button("Clear").click()
    expect(readings).to_have_count(0)


@pytest.mark.repeats
def test_a_number_is_read_and_its_digits_and_other_ways_are_offered_when_the_pen_rests(opened: Opened) -> None:
    opened.list("Network").select_option("cnn")
    answer = opened.status("Answer")
    opened.draw([[(0.15, 0.2), (0.15, 0.8)]])
    expect(answer).to_contain_text("1")
    opened.draw([[(0.5, 0.2), (0.9, 0.2), (0.6, 0.8)]], lift=False)  # a 7 beside it
    expect(answer).to_have_text(re.compile("^17 .*a number of several digits"))
    joined = opened.page.get_by_role("button", name=re.compile("all strokes as one digit"))
    opened.page.wait_for_timeout(300)  # longer than the page waits for the pen to rest
    expect(joined).to_have_count(0)
    opened.page.mouse.up()
    expect(joined.first).to_be_visible()
    expect(opened.page.get_by_role("heading", name="Its digits, and other ways")).to_be_visible()
    # The last answer to the stroke makes the list anew, and a click on the old one is void.
    opened.page.wait_for_timeout(500)
    opened.page.get_by_role("button", name=re.compile("^as 7")).first.click()
    expect(answer).to_have_text(re.compile("^7 "))
    joined.first.click()
    expect(answer).to_contain_text("most like")


@pytest.mark.repeats
def test_a_step_back_gives_the_same_bits(opened: Opened) -> None:
    opened.list("Recipe").select_option("sixteen")
    first = opened.step("Step", "step 1 of")
    second = opened.step("Step", "step 2 of")
    assert opened.step("Step back", "step 1 of") == first
    assert opened.step("Step", "step 2 of") == second
    start = opened.step("Back to the start", "step 0 of")
    assert len({start, first, second}) == 3
    end = opened.step("Epoch", "step 1,719 of")
    slider = opened.list("Steps taken")
    slider.fill("2")
    expect(opened.status("Fingerprint")).to_have_text(second)
    slider.fill("1719")
    expect(opened.status("Fingerprint")).to_have_text(end)
    expect(opened.status("Where the training is")).to_contain_text("validation accuracy")


@pytest.mark.repeats
def test_training_goes_on_by_itself_and_a_page_that_is_loaded_again_finds_it(opened: Opened) -> None:
    opened.button("Train").click()
    expect(opened.status("Where the training is")).to_contain_text("loss of the batch")
    opened.button("Pause").click()
    fingerprint = opened.status("Fingerprint")
    expect(fingerprint).to_have_text(re.compile("^[0-9a-f]{16}$"))
    before, where = fingerprint.inner_text(), opened.status("Where the training is").inner_text()
    opened.page.reload()
    expect(fingerprint).to_have_text(before)
    expect(opened.status("Where the training is")).to_have_text(where)
    expect(opened.list("Network")).to_have_value("training")


@pytest.mark.repeats
def test_a_training_that_diverges_says_why_and_can_be_taken_back(opened: Opened) -> None:
    opened.page.get_by_text("Change its settings").click()
    opened.list("Learning rate").fill("1e9")
    opened.button("Train").click()
    expect(opened.page.locator(".training > .problem")).to_contain_text("Lower the learning rate")
    opened.step("Back to the start", "step 0 of")


@pytest.mark.repeats
def test_pausing_and_going_back_never_begin_another_training(opened: Opened) -> None:
    opened.step("Step", "step 1 of")
    second = opened.step("Step", "step 2 of 21,500")
    opened.list("Recipe").select_option("sixteen")
    expect(opened.page.get_by_text("These settings are not in use yet")).to_be_visible()
    assert opened.step("Step back", "step 1 of 21,500") != second
    assert opened.step("Back to the start", "step 0 of 21,500") != second
    opened.step("Step", "step 1 of 68,760")


@pytest.mark.repeats
def test_an_experiment_shows_two_trainings_and_what_came_of_them(opened: Opened) -> None:
    opened.list("Experiment").select_option(label="A wrong sign in backward")
    opened.example(2)
    opened.button("Run the experiment").click()
    came = opened.status("Results").get_by_role("listitem")
    expect(came).to_have_count(2)
    expect(came.get_by_text("as expected")).to_have_count(2)
    expect(came.get_by_text("as expected").first).to_be_hidden()  # until the person has made a guess
    opened.page.get_by_text("The answer", exact=True).click()
    expect(came.get_by_text("as expected").first).to_be_visible()
    expect(came).to_have_text([re.compile("^with the error: .* – as exp"), re.compile("^without it: .* – as exp")])
    card = opened.page.get_by_role("region", name="Break it, and see why")
    where = card.get_by_role("status", name="Where the training is")
    expect(where).to_contain_text(re.compile("with the error: .*without it: "))
    expect(opened.list("Recipe")).to_be_hidden()  # it is not the recipe of these trainings
    assert opened.list("Network").locator("option:not([hidden])").all_inner_texts()[-2:] == [
        "with the error",
        "without it",
    ]
    opened.page.reload()
    expect(came).to_have_count(2)
    expect(where).to_be_visible()
    side = opened.page.get_by_role("region", name="Side by side")
    expect(side).to_contain_text("Both began with the same weights")
    expect(side.get_by_role("row")).to_have_text([re.compile("^setting"), re.compile("^faults.*own ReLU.*none$")])
    for layer, verdict in (("dense2", "They agree"), ("dense1", "They differ")):
        opened.list("Layer").select_option(layer)
        opened.list("Index").fill("350,3" if layer == "dense1" else "3,3")
        opened.button("Check").click()
        expect(opened.page.locator(".verdict")).to_contain_text(verdict)
    opened.button("Save the model").click()
    expect(
        opened.page.get_by_role("alert").filter(has_text="the model is not saved: there is a fault in it (own ReLU)")
    ).to_be_visible()


@pytest.mark.repeats
def test_two_trainings_are_compared_from_the_same_start(opened: Opened) -> None:
    opened.list("Recipe").first.select_option("sixteen")
    opened.page.get_by_label("Compare with a second training").check()
    second = opened.page.get_by_role("group", name="The second training")
    second.get_by_text("Change its settings").click()
    second.get_by_label("Learning rate", exact=True).fill("0.1")
    opened.button("Step").click()
    prints = opened.status("Fingerprint")
    expect(opened.status("Where the training is")).to_contain_text(re.compile("step 1 .*step 1 "))
    expect(prints).to_have_text(re.compile(r"^first training: [0-9a-f]{16}second training: [0-9a-f]{16}$"))
    after = prints.inner_text().split()
    assert after[2] != after[5]
    side = opened.page.get_by_role("region", name="Side by side")
    expect(side).to_contain_text("Both began with the same weights")
    expect(side.get_by_role("row").nth(1)).to_have_text("optimizer.lr0.50.1")
    opened.button("Step back").click()
    expect(opened.status("Where the training is")).to_contain_text(re.compile("step 0 .*step 0 "))
    before = prints.inner_text().split()
    assert before[2] == before[5]
    opened.page.get_by_label("Compare with a second training").uncheck()
    opened.step("Step", "step 1 of")
    expect(side).to_be_hidden()
    expect(opened.page.get_by_role("alert").filter(has_text="only one training")).to_have_count(0)


@pytest.mark.repeats
def test_an_experiment_is_shown_as_slides_by_one_key(opened: Opened) -> None:
    page = opened.page
    opened.button("Projector").click()
    expect(opened.button("Projector")).to_have_attribute("aria-pressed", "true")
    opened.list("Colours").select_option("dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 20, 23)"
    opened.list("Index").focus()
    page.keyboard.press("n")  # there a letter is a letter
    slide = opened.status("Slide")
    expect(slide).to_be_hidden()
    opened.list("Experiment").select_option("wrong-gradient")
    opened.list("Experiment").focus()
    page.keyboard.press("n")  # in a list it is none
    expect(slide).to_have_text("A wrong sign in backward · 1 of 3: the question")
    expect(page.get_by_text("Where is the error?")).to_be_in_viewport()
    expect(opened.button("Train")).to_be_hidden()
    page.keyboard.press("PageDown")
    expect(slide).to_have_text("A wrong sign in backward · 2 of 3: the run")
    page.keyboard.press("n")  # too early, and before the rest is looked at, for the training ends in some seconds
    expect(slide).to_have_text(re.compile("^The training is still running"))
    expect(opened.status("Where the training is")).to_contain_text("with the error: step")
    expect(page.get_by_role("img", name=re.compile("^Loss of each step"))).to_be_in_viewport(ratio=1)
    answer = page.get_by_text("passes the check: its two slopes agree")
    expect(answer).to_be_hidden()
    expect(opened.status("Results").get_by_role("listitem")).to_have_count(2)
    page.keyboard.press("n")
    expect(slide).to_have_text("A wrong sign in backward · 3 of 3: the answer")
    expect(answer).to_be_in_viewport()
    page.keyboard.press("PageUp")
    expect(slide).to_have_text("A wrong sign in backward · 2 of 3: the run")
    expect(opened.status("Results").get_by_role("listitem")).to_have_count(2)  # it is not run again
    for _ in range(2):
        page.keyboard.press("n")
    expect(slide).to_have_text("All weights 0 · 1 of 3: the question")
    page.reload()
    expect(opened.button("Projector")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("n")
    expect(slide).to_be_visible()
    page.keyboard.press("Escape")
    expect(slide).to_be_hidden()
    opened.button("Projector").click()
    page.keyboard.press("n")
    expect(slide).to_be_hidden()


@pytest.mark.repeats
def test_a_term_is_explained_where_it_stands_and_leads_to_the_course(opened: Opened) -> None:
    opened.page.get_by_text("Change its settings").click()
    opened.button("What does “learning rate” mean?").click()
    note = opened.page.get_by_role("note")
    expect(note).to_have_text(re.compile("^Learning ratethe factor by which"))
    with opened.page.context.expect_page() as course:
        note.get_by_role("link").click()
    expect(course.value.get_by_role("heading", level=1).last).to_have_text("Update rules")
    expect(course.value.locator("math").first).to_be_visible()
    assert [fault["id"] for fault in Axe().run(course.value).response["violations"]] == []
    opened.page.keyboard.press("Escape")
    expect(note).to_be_hidden()


@pytest.mark.repeats
def test_a_hand_that_is_taught_is_read_better(opened: Opened, tmp_path: Path) -> None:
    panel = opened.page.get_by_role("region", name="Teach it your handwriting")
    for k in range(4):  # a 1 with a long upstroke, which `classic` takes for a 7
        shift = 0.03 * k
        opened.draw([[(0.2, 0.42 - shift), (0.56, 0.14 + shift / 2), (0.54, 0.86)]])
        opened.list("My drawing is a").select_option("1")
        opened.button("Keep it").click()
        expect(opened.status("Digits that are kept")).to_have_text(re.compile(f"^{k + 1} digits? (is|are) kept"))
    panel.get_by_role("button", name="Remove this 1").first.click()
    expect(opened.status("Digits that are kept")).to_have_text("3 digits are kept: 2 to learn, 1 held out.")
    opened.button("Teach the network").click()
    rows = panel.get_by_role("row")
    expect(rows).to_have_count(4)
    table = [row.inner_text() for row in rows.all()]
    learned, held_out = ([int(n) for n in re.findall(r"\((\d+) of", text)] for text in table[1:3])
    assert learned[0] < 2
    assert (learned[1], held_out[1]) == (2, 1)
    before, after = (float(share) for share in re.findall(r"([\d.]+) %", table[3]))
    assert table[3].startswith("test digits of mnist")
    assert after > before - 2
    with opened.page.expect_download() as download:
        opened.button("Save the digits").click()
    download.value.save_as(tmp_path / "digits.csv")
    saved = gn.load_dataset(tmp_path / "digits.csv", validation=0)
    assert len(saved.train) + len(saved.test) == 3
    opened.button("Copy a link to this").click()
    expect(opened.page.get_by_role("alert").filter(has_text="are not put into a link")).to_be_visible()
    opened.button("Save the run").click()
    expect(opened.page.get_by_role("alert").filter(has_text="holds no digits of your own")).to_be_visible()


@pytest.mark.repeats
def test_a_link_leads_another_page_to_the_same_bits(opened: Opened, browser: Browser, tmp_path: Path) -> None:
    opened.list("Recipe").select_option("sixteen")
    for step in ("step 1 of", "step 2 of", "step 3 of"):
        there = opened.step("Step", step)
    opened.button("Copy a link to this").click()
    expect(opened.list("Command")).to_have_value(re.compile('^glassnet page "#recipe=sixteen&.*"$'))
    link = shlex.split(opened.list("Command").input_value())[-1]
    assert "token" not in link
    with Served(link, cwd=tmp_path) as served, opening(served, browser) as other:
        assert served.address.partition("#")[2] == link.partition("#")[2]
        expect(other.status("Where the training is")).to_contain_text("step 3 of")
        expect(other.status("Fingerprint")).to_have_text(there)
        expect(other.status("Agreement with the link")).to_contain_text("The same bits")
        other.page.evaluate("location.hash = location.hash.replace(/-2\\.[0-9a-f]{6}/, '-2.000000')")
        expect(other.status("Agreement with the link")).to_contain_text("the same until step 1, different at step 2")
        other.page.evaluate("location.hash = '#recipe=../x&step=1'")
        expect(other.page.get_by_role("alert").filter(has_text="recipe: expected one of")).to_be_visible()


def test_the_browsers_way_back_leads_out_of_a_unit(opened: Opened) -> None:
    opened.example(7)
    opened.page.locator(".layers button").first.click()
    trail = opened.page.get_by_label("Where you are in the network").locator("[aria-current]")
    expect(trail).to_have_text("rescale1")
    expect(trail).to_be_focused()
    opened.page.go_back()
    expect(trail).to_have_text("Whole network")
    opened.page.go_forward()
    expect(trail).to_have_text("rescale1")


@pytest.mark.repeats
def test_bad_settings_give_one_line_and_the_page_lives_on(opened: Opened) -> None:
    opened.page.get_by_text("Change its settings").click()
    opened.list("Batch size").fill("many")
    opened.button("Step").click()
    expect(opened.page.locator(".recipe .problem")).to_contain_text("Batch size: expected")
    opened.list("Batch size").fill("64")
    opened.step("Step", "step 1 of")


def test_the_numbers_of_a_unit_are_those_of_explain(opened: Opened, mnist: gn.Dataset) -> None:
    opened.example(4)
    row = int(np.flatnonzero(mnist.test.y == 4)[0])
    network = gn.Model.open("classic").network
    outputs = network.trace(mnist.test[row : row + 1].x)
    unit = int(outputs[2][0].argmax())
    explained = str(gn.explain(network, mnist.test[row : row + 1].x[0], 4, neuron=f"dense1:{unit}"))
    reached = opened.reach("Output of dense1")
    reached.press("End")
    reached.press("Home")
    for _ in range(unit % 16):
        reached.press("ArrowRight")
    for _ in range(unit // 16):
        reached.press("ArrowDown")
    reached.press("Enter")
    equation = opened.page.locator(".unit .equation").first
    expect(equation).to_contain_text(f"y[{unit}]")
    said = " ".join(" ".join(equation.inner_text().split()).split("= "))
    assert f"y[{unit}]" in said
    written = " ".join(explained.split())
    for line in equation.inner_text().replace("\n", " ").split(" = ")[1:]:
        assert " ".join(line.split()).removeprefix("= ") in written


def test_every_number_can_be_opened_down_to_a_pixel(opened: Opened) -> None:
    opened.example(7)
    opened.reach("Prediction for each digit")
    opened.page.keyboard.press("Enter")
    trail = opened.page.get_by_label("Where you are in the network")
    for layer in ("dense2", "relu1", "dense1", "flatten1", "rescale1", "pixel"):
        opened.page.locator(".opens-list button").first.click()
        expect(trail.locator("[aria-current]")).to_contain_text(layer)
    expect(opened.page.get_by_text("the lowest level")).to_be_visible()


def test_a_changed_weight_changes_the_answer_and_can_be_undone(opened: Opened) -> None:
    opened.example(7)
    opened.reach("Output of dense2")
    opened.page.keyboard.press("Enter")
    opened.list("Which number").select_option("b[0]")
    opened.list("New value").fill("100")
    opened.button("Set").click()
    expect(opened.status("Answer")).to_have_text(re.compile("^0 "))
    expect(opened.page.locator(".answer")).to_contain_text("dense2 b[0]")
    answer = opened.page.get_by_role("region", name="What the network predicts")  # the unit offers it too
    answer.get_by_role("button", name="Undo the change").click()
    expect(opened.status("Answer")).to_have_text(re.compile("^7 "))


def test_a_gradient_is_proved(opened: Opened) -> None:
    opened.example(2)
    opened.list("Layer").select_option("dense2")
    opened.list("Index").fill("5,2")
    opened.button("Check").click()
    expect(opened.page.locator(".verdict")).to_contain_text("They agree")
    opened.list("Index").fill("500,2")
    opened.button("Check").click()
    expect(opened.page.locator(".check")).to_contain_text("2 whole numbers separated by commas, at most 127,9")


def test_a_picture_is_pasted_dropped_and_chosen(opened: Opened, tmp_path: Path) -> None:
    image = Image.new("L", (300, 400), 235)
    ImageDraw.Draw(image).line([(90, 90), (210, 95), (140, 320)], fill=30, width=22)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    encoded = base64.b64encode(buffer.getvalue()).decode()
    handed = """([encoded, kind]) => {
        const bytes = Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], "seven.png", { type: "image/png" }));
        const target = document.querySelector(".drawing");
        target.dispatchEvent(kind === "paste"
            ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true })
            : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }"""
    for kind in ("paste", "drop"):
        opened.page.evaluate(handed, [encoded, kind])
        expect(opened.status("Answer")).to_have_text(re.compile("^7 "))
        opened.button("Clear").click()
        expect(opened.status("Answer")).to_contain_text("Draw a digit")
    (tmp_path / "seven.png").write_bytes(buffer.getvalue())
    (tmp_path / "broken.png").write_bytes(buffer.getvalue()[:200])
    opened.page.locator("input[type=file]").set_input_files(tmp_path / "seven.png")
    expect(opened.status("Answer")).to_have_text(re.compile("^7 "))
    opened.page.locator("input[type=file]").set_input_files(tmp_path / "broken.png")
    expect(opened.page.get_by_role("alert").filter(has_text="picture")).to_be_visible()


def test_the_keyboard_alone_draws_opens_and_trains(opened: Opened) -> None:
    keyboard = opened.page.keyboard
    opened.page.get_by_label("Drawing", exact=True).focus()
    for key in ("ArrowUp", "Space", *["ArrowDown"] * 18, "Space"):
        keyboard.press(key)
    expect(opened.status("Answer")).to_have_text(re.compile("^1 "))
    expect(opened.list("Output of rescale1")).to_be_visible()
    tabbed = "document.activeElement.getAttribute('aria-label')"
    for _ in range(40):
        keyboard.press("Tab")
        if opened.page.evaluate(tabbed) == "Output of rescale1":
            break
    else:
        raise AssertionError("Tab did not reach a layer")
    keyboard.press("ArrowRight")
    valuetext = opened.page.evaluate("document.activeElement.getAttribute('aria-valuetext')")
    assert valuetext == "rescale1[0,1] = 0"
    keyboard.press("Enter")
    expect(opened.page.get_by_label("Where you are in the network")).to_contain_text("rescale1[0,1]")
    opened.button("Step").focus()
    keyboard.press("Enter")
    expect(opened.status("Where the training is")).to_contain_text("step 1 of")


@pytest.mark.repeats
def test_the_model_and_the_run_that_are_saved_hold_the_network_that_is_shown(
    opened: Opened, served: Served, tmp_path: Path
) -> None:
    fingerprint = opened.step("Step", "step 1 of")
    with opened.page.expect_download() as download:
        opened.button("Save the model").click()
    path = tmp_path / "model.safetensors"
    download.value.save_as(path)
    from glassnet.page.timeline import fingerprint as of

    assert of(gn.load_network(path)) == fingerprint
    opened.button("Save the run").click()
    expect(opened.page.get_by_text("runs/page-classic-mnist")).to_be_visible()
    with opened.page.expect_download() as download:
        opened.page.locator(".training").get_by_role("button", name="Save this as PNG").click()
    download.value.save_as(tmp_path / "seen.png")
    with Image.open(tmp_path / "seen.png") as image:
        assert image.width > 1000
        assert len(image.convert("RGB").getcolors(1 << 24) or []) > 100


@pytest.mark.repeats
def test_without_mnist_it_trains_on_the_small_digits_and_says_so(browser: Browser, tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="the 8x8 digits need the extra 'sklearn'")
    nowhere = {"GLASSNET_DATA": "", "XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    with Served(cwd=tmp_path, env=nowhere) as served, opening(served, browser) as opened:
        opened.button("Take an example").click()
        expect(opened.page.get_by_role("alert").filter(has_text="glassnet data get mnist")).to_be_visible()
        opened.draw(DIGITS["7"])
        opened.step("Epoch", "step 9 of")
        expect(opened.page.locator(".training")).to_contain_text("8x8")
        expect(opened.status("Answer")).to_have_text(re.compile(r"^\d"))


def test_no_fault_of_accessibility_and_no_sideways_scroll_on_a_telephone(served: Served, browser: Browser) -> None:
    with opening(served, browser, viewport={"width": 360, "height": 740}, has_touch=True) as opened:
        page = opened.page
        opened.three_with_a_speck()
        expect(opened.readings()).to_have_count(2)
        assert faults(page, "light") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        opened.list("My drawing is a").select_option("3")
        opened.button("Keep it").click()
        expect(opened.status("Digits that are kept")).to_contain_text("1 digit is kept")
        opened.example(5)
        opened.step("Step", "step 1 of")
        page.get_by_text("Change its settings").click()
        opened.list("Experiment").select_option("dead-relu")
        page.get_by_label("Compare with a second training").check()
        opened.button("Check").click()
        expect(page.locator(".verdict")).to_contain_text("They agree")
        page.locator(".layers button").nth(2).click()
        expect(page.locator(".inside pre").first).to_be_visible()
        assert faults(page, "light", "dark") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def faults(page: Page, *schemes: Literal["light", "dark"]) -> list[str]:
    """The faults of accessibility that axe finds in these schemes of colour."""
    found = []
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        found += [f"{scheme}: {fault['id']}" for fault in Axe().run(page).response["violations"]]
    return found
