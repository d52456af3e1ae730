"""Which reading of a picture is the answer."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

import glassnet as gn
from glassnet.model.judge import read
from glassnet.reading.readings import Reading


def drawn(*strokes: list[tuple[int, int]]) -> Image.Image:
    image = Image.new("L", (260, 200), 255)
    for stroke in strokes:
        ImageDraw.Draw(image).line(stroke, 20, 14, joint="curve")
    return image


ONE, SEVEN = [(60, 40), (55, 160)], [(140, 45), (220, 40), (170, 160)]
ONE_OR_SEVEN = [(80, 80), (140, 40), (125, 160)]  # accepted by itself, but does not convince


def digit(strokes: list[tuple[int, int]]) -> np.ndarray:
    image = gn.Model.open("cnn").read(drawn(strokes)).image
    assert image is not None
    return image


def reading(image: np.ndarray | None, inked: int, *left_out: str) -> Reading:
    place = (slice(inked, inked + 5), slice(0, 5))  # of which none lies inside of another
    return Reading(left_out, image, "" if image is not None else "found 2 digits", inked, place)


def test_of_readings_that_convince_the_one_with_most_ink_counts() -> None:
    """Both parts and the whole can be digits; that with most evidence is the 1."""
    found = [reading(digit(ONE), 5), reading(digit(SEVEN), 1000, "lines"), reading(digit(ONE)[:, ::-1], 10, "specks")]
    answer = read(gn.load_pretrained("cnn"), iter(found))
    assert (answer.label, answer.left_out) == ("7", ("lines",))
    assert len(answer.others) == 2
    assert answer.others[0].evidence > answer.evidence


def test_several_digits_stay_so_unless_another_reading_convinces() -> None:
    network = gn.load_pretrained("cnn")
    convinced = read(network, iter([reading(None, 5), reading(digit(ONE), 5, "apart")]))
    assert convinced.label == "1"
    doubtful = digit(ONE_OR_SEVEN)
    assert read(network, iter([reading(doubtful, 5)])).label
    answer = read(network, iter([reading(None, 5), reading(doubtful, 5, "apart")]))
    assert (answer.label, answer.problem, answer.image) == (None, "found 2 digits", None)
    assert answer.others[0].probability < 0.98


@pytest.mark.parametrize("loss", [gn.CrossEntropy(), gn.SquaredError(), gn.Hinge()])
def test_two_digits_are_never_one(loss: gn.Loss) -> None:
    model = gn.Model.open("classic")
    model.network.loss = loss
    if not loss.softmax:
        model.network.threshold = 0
    answer = model.read(drawn(ONE, SEVEN))
    assert answer.label is None
    assert answer.problem.startswith("found 2 digits")


def test_a_network_without_evidence_looks_at_the_usual_reading_alone() -> None:
    model = gn.Model.open("classic")
    model.network.loss, model.network.threshold = gn.SquaredError(), 0
    answer = model.read(drawn(SEVEN, [(10, 10), (12, 12)]))
    assert answer.others == ()
    assert answer.left_out == ()


def test_an_answer_keeps_its_image_when_the_array_changes() -> None:
    image = digit(SEVEN)
    answer = gn.Model.open("cnn").read(image)
    image[...] = 0
    assert answer.image is not None
    assert answer.image.any()


def test_a_pillow_image_is_read_and_stays_as_it_is() -> None:
    model, image = gn.Model.open("cnn"), drawn(SEVEN)
    before = image.tobytes()
    assert model.read(image).label == model.read(np.asarray(image)).label == "7"
    assert image.tobytes() == before
    buffer = io.BytesIO()
    Image.new("1", (9000, 9000)).save(buffer, "PNG")
    with (
        Image.open(buffer) as huge,
        pytest.raises(gn.DataError, match=r"^the picture has more than 40,000,000 pixels: make it smaller$"),
    ):
        model.read(huge)


def test_what_is_no_picture_is_named() -> None:
    model = gn.Model.open("cnn")
    with pytest.raises(gn.DataError, match=r"expected a picture: a path, bytes, .*, got NoneType"):
        model.read(None)  # type: ignore[arg-type]
    with pytest.raises(gn.DataError, match="cannot be read: File name too long"):
        model.read("a" * 5000)
    at_its_end = io.BytesIO()
    drawn(SEVEN).save(at_its_end, "PNG")
    assert model.read(at_its_end).label == "7"


def test_a_network_that_predicts_numbers_reads_no_digits() -> None:
    network = gn.Network([gn.Rescale(1 / 255), gn.Dense(1)], input_shape=784)
    network.loss = gn.SquaredError()
    model = gn.Model.open("cnn")
    numbers = type(model)(model.path, network, None, {})
    for ask in (numbers.read, numbers.judge):
        with pytest.raises(gn.InputError, match="has one output"):
            ask(digit(SEVEN))


def test_an_inverted_reading_counts_only_if_no_other_is_accepted() -> None:
    """The inside of a 0, read as ink, looks like a 1."""
    doubtful = digit(ONE_OR_SEVEN)
    inverted = reading(digit(ONE), 1000, "dark paper")
    network = gn.load_pretrained("cnn")
    upright = read(network, iter([reading(doubtful, 5), inverted]))
    assert upright.left_out == ()
    assert upright.others[0].evidence > upright.evidence
    assert read(network, iter([reading(None, 5), inverted])).left_out == ("dark paper",)


def test_of_readings_with_the_same_label_the_first_is_shown() -> None:
    seven = digit(SEVEN)
    found = [reading(seven, 5), reading(np.roll(seven, 1, axis=1), 1000, "pen")]
    answer = read(gn.load_pretrained("cnn"), iter(found))
    assert (answer.label, answer.left_out) == ("7", ())
