"""A model can be asked: opened by name, file or folder, it knows what it takes and what its answers mean."""

import json
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import safetensors
from PIL import Image, ImageDraw

import glassnet as gn
from glassnet.data.csv import write_csv
from glassnet.pretrained.models import pretrained_path

SPECIES = ("setosa", "virginica")


def drawing(*strokes: list[tuple[int, int]], side: int = 160) -> np.ndarray:
    """Strokes with a round pen, dark on white, as grey values."""
    page = Image.new("L", (side, side), 255)
    pen = ImageDraw.Draw(page)
    for stroke in strokes:
        pen.line(stroke, fill=20, width=11, joint="curve")
        for x, y in stroke:
            pen.ellipse((x - 5, y - 5, x + 5, y + 5), fill=20)
    return np.array(page)


SEVEN = [(40, 35), (110, 35), (75, 130)]
W = [(20, 40), (50, 120), (80, 60), (110, 120), (140, 40)]


@pytest.fixture
def flowers(tmp_path: Path) -> gn.Model:
    """Which of two species: virginica where the petal is longer than 3, by hand."""
    network = gn.Network([gn.Dense(2)], input_shape=1, dtype=np.float64, classes=SPECIES)
    network.layers[0].W[...], network.layers[0].b[...] = [[0, 1]], [0, -3]
    schema = {"inputs": [{"name": "petal"}], "target": {"name": "species", "categories": SPECIES}}
    gn.save_network(network, tmp_path / "flowers.safetensors", about={"table": schema, "test": {"accuracy": 0.9}})
    return gn.Model.open(tmp_path / "flowers.safetensors")


@pytest.fixture
def prices(tmp_path: Path) -> gn.Model:
    """A regression: a price of 2 a kilogram, by hand."""
    network = gn.Network([gn.Dense(1)], input_shape=1, dtype=np.float64)
    network.layers[0].W[...], network.layers[0].b[...] = 2, 0
    network.loss = gn.SquaredError()
    schema = {"inputs": [{"name": "weight"}], "target": {"name": "price"}}
    gn.save_network(network, tmp_path / "prices.safetensors", about={"table": schema})
    return gn.Model.open(tmp_path / "prices.safetensors")


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str], object]:
    def read(text: str) -> object:
        (tmp_path / "rows.csv").write_text(text)
        return gn.read_table(tmp_path / "rows.csv")

    return read


def test_a_model_is_opened_by_name_by_file_and_by_the_folder_of_its_run(tmp_path: Path) -> None:
    path = pretrained_path("classic")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "model.safetensors").write_bytes(path.read_bytes())
    named, file, run = (gn.Model.open(given) for given in ("classic", path, tmp_path / "run"))
    assert named.path == file.path == path
    assert run.path == tmp_path / "run" / "model.safetensors"
    for model in (named, file, run):
        assert model.classes == tuple("0123456789")
        assert model.threshold == model.network.threshold > 0
        assert (model.schema, model.white, model.trained_on.name) == (None, 255, "mnist")
        assert model.figures["accuracy"] > 0.97
        assert model.recipe.name == "classic"
    assert repr(named) == f"Model('{path}': examples of shape (28, 28), 10 classes)"


def test_a_model_file_is_opened_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    real = safetensors.safe_open
    monkeypatch.setattr(safetensors, "safe_open", lambda *given, **more: opened.append(1) or real(*given, **more))
    gn.Model.open("classic")
    assert len(opened) == 1


def test_a_run_that_was_broken_off_says_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text("name = 'classic'\n")
    with pytest.raises(gn.ModelFileError, match=r"has no model yet: .* continues with: glassnet resume"):
        gn.Model.open(tmp_path)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("cnnn", "cnnn: expected a glassnet model, .* does not exist; did you mean 'cnn'?"),
        ("nothing.safetensors", "nothing.safetensors: expected a glassnet model, but it does not exist"),
        (".", ".: expected a glassnet model, but it is a folder"),
    ],
)
def test_what_is_no_model(in_tmp: Path, given: str, message: str) -> None:
    with pytest.raises(gn.ModelFileError, match=message):
        gn.Model.open(given)


def test_images_get_the_names_of_classes(tmp_path: Path) -> None:
    network = gn.Network([gn.Rescale(1 / 255), gn.Flatten(), gn.Dense(3)], input_shape=(4, 4), classes=["a", "b", "c"])
    gn.save_network(network, tmp_path / "model.safetensors", about={"data": {"white": 16}})
    model = gn.Model.open(tmp_path)
    x = np.random.default_rng(0).integers(0, 256, (20, 4, 4), np.uint8)
    np.testing.assert_array_equal(model.predict(x), np.array(["a", "b", "c"])[network.predict(x)])
    np.testing.assert_array_equal(model.predict_proba(x), network.predict_proba(x))
    answer = model.answers(x)[7]
    assert answer.label == model.predict(x)[7]
    assert answer.probability == max(answer.probabilities)
    assert answer.runner_up_probability == sorted(answer.probabilities)[-2]
    assert answer.classes[answer.ranking[1]] == answer.runner_up != answer.label
    np.testing.assert_array_equal(answer.image, x[7])
    assert model.white == 16
    with pytest.raises(gn.InputError, match="not trained on a table"):
        model.predict(gn.read_table(write(tmp_path / "t.csv", "a\n1\n")))


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_one_output_tells_two_classes_apart(tmp_path: Path) -> None:
    network = gn.Network([gn.Dense(1)], input_shape=1, classes=["no", "yes"])
    network.layers[0].W[...], network.layers[0].b[...], network.loss = 1, 0, gn.BinaryCrossEntropy()
    gn.save_network(network, tmp_path / "m.safetensors")
    model = gn.Model.open(tmp_path / "m.safetensors")
    assert model.predict([[-1.0], [2.0]]).tolist() == ["no", "yes"]
    np.testing.assert_allclose(model.predict_proba([[0.0]]), [[0.5, 0.5]])


def test_rows_are_predicted_from_a_table_or_an_array(flowers: gn.Model, prices: gn.Model, table) -> None:
    assert flowers.predict(table("species,petal\n,1\n,5\n")).tolist() == list(SPECIES)
    assert flowers.predict([[1.0], [5.0]]).tolist() == list(SPECIES)
    assert prices.predict(table("weight\n3\n4\n")).tolist() == [6, 8]
    assert (flowers.predicts_numbers, prices.predicts_numbers, prices.classes) == (False, True, ())
    with pytest.raises(gn.InputError, match="this model predicts numbers"):
        prices.predict_proba([[1.0]])
    with pytest.raises(gn.DataError, match="line 3, column 'petal': expected a number"):
        flowers.predict(table("petal\n1\nlong\n"))


def test_a_schema_that_does_not_fit_the_answers_is_damaged(tmp_path: Path) -> None:
    network = gn.Network([gn.Dense(2)], input_shape=1)
    network.loss = gn.SquaredError()
    about = {"table": {"inputs": [{"name": "weight"}], "target": {"name": "price"}}}
    gn.save_network(network, tmp_path / "two.safetensors", about=about)
    for read in (gn.Model.open, gn.load_schema):
        with pytest.raises(gn.ModelFileError, match="the columns it names do not fit its network"):
            read(tmp_path / "two.safetensors")


def test_a_drawing_is_read_over_five_views(tmp_path: Path) -> None:
    from glassnet.reading import picture
    from glassnet.reading.drawing import to_mnist

    model, grey = gn.Model.open("cnn"), drawing(SEVEN)
    answer = model.read(grey)
    assert (answer.label, answer.problem) == ("7", "")
    np.testing.assert_array_equal(answer.image, to_mnist(grey))
    views = gn.predict_views(model.network, answer.image[None])
    np.testing.assert_array_equal(answer.probabilities, views[0])
    assert answer.evidence == gn.evidence(views)[0] >= model.threshold
    picture.write(tmp_path / "seven.png", grey)
    whole = (tmp_path / "seven.png").read_bytes()
    for given in (tmp_path / "seven.png", whole, bytearray(whole), BytesIO(whole)):
        np.testing.assert_array_equal(model.read(given).probabilities, answer.probabilities)


def test_what_is_no_digit_is_refused_with_its_reason() -> None:
    model = gn.Model.open("cnn")
    letter, blank = model.read(drawing(W)), model.read(drawing())
    assert letter.label is None
    assert letter.evidence < model.threshold
    assert letter.problem == (
        f"not recognised as a digit: its evidence is {letter.evidence:.1f}, and an answer needs {model.threshold:.1f}; "
        f"most like {letter.ranking[0]}"
    )
    assert letter.image.shape == (28, 28)
    assert (blank.label, blank.probability, blank.runner_up, blank.image) == (None, None, None, None)
    assert "no ink" in blank.problem
    assert repr(blank) == f"Answer(problem={blank.problem!r})"


def test_an_answer_is_shown_in_one_line() -> None:
    answer = gn.Model.open("cnn").read(drawing(SEVEN))
    assert repr(answer) == f"Answer(label='7', probability={answer.probability:.3f}, evidence={answer.evidence:.3f})"


def test_an_answer_as_plain_values() -> None:
    model = gn.Model.open("cnn")
    answer = model.read(drawing(SEVEN))
    told = json.loads(json.dumps(answer.to_table(), allow_nan=False))
    assert (told["label"], told["runner_up"]) == (answer.label, answer.runner_up)
    assert told["probability"] == told["probabilities"]["7"] == pytest.approx(answer.probability, abs=1e-6)
    assert told["runner_up_probability"] == pytest.approx(answer.runner_up_probability, abs=1e-6)
    assert "problem" not in told
    blank, letter = model.read(drawing()), model.read(drawing(W))
    assert blank.to_table() == {"label": None, "problem": blank.problem}
    assert (letter.to_table()["label"], letter.to_table()["problem"]) == (None, letter.problem)
    scores = gn.Network([gn.Flatten(), gn.Dense(10)], input_shape=(28, 28))
    scores.loss = gn.Hinge()
    (of_scores,) = replace(model, network=scores).answers(np.zeros((1, 28, 28), np.uint8))
    assert of_scores.to_table().keys() == {"label", "score", "runner_up", "runner_up_score", "scores"}


def test_only_pictures_of_digits_are_read(flowers: gn.Model, tmp_path: Path) -> None:
    cnn, seven = gn.Model.open("cnn"), drawing(SEVEN)
    for given, message in (
        (np.zeros((5, 5)), r"read: expected grey values \(H, W\), uint8, got float64"),
        (np.zeros((5, 5, 3), np.uint8), r"uint8, got uint8 of shape \(5, 5, 3\)"),
        (tmp_path / "missing.png", "missing.png: expected a picture, but it does not exist"),
        (b"hello", r"^expected a picture \(PNG, .*\), but the file is not one"),
    ):
        with pytest.raises(gn.DataError, match=message):
            cnn.read(given)
    with pytest.raises(gn.DataError, match="was trained on a table"):
        flowers.read(seven)
    gn.save_network(gn.Network([gn.Flatten(), gn.Dense(2)], input_shape=(9, 9)), tmp_path / "nine.safetensors")
    with pytest.raises(gn.DataError, match=r"takes examples of shape \(9, 9\), not pictures of digits"):
        gn.Model.open(tmp_path / "nine.safetensors").read(seven)


def test_without_a_threshold_nothing_is_refused(tmp_path: Path) -> None:
    network = gn.load_pretrained("classic")
    network.threshold = 0.0
    gn.save_network(network, tmp_path / "m.safetensors")
    answer = gn.Model.open(tmp_path / "m.safetensors").read(drawing(W))
    assert answer.label is not None
    assert answer.evidence > 0
    np.testing.assert_array_equal(answer.probabilities, network.predict_proba(answer.image[None])[0])


def test_the_figures_that_fit_are_measured(flowers: gn.Model, prices: gn.Model, table) -> None:
    assert flowers.measure(([[1.0], [5.0], [9.0]], [0, 1, 0])).accuracy == pytest.approx(2 / 3)
    assert flowers.measure(table("petal,species\n1,setosa\n5,virginica\n")).accuracy == 1
    assert prices.measure(table("weight,price\n1,2\n2,5\n3,6\n")).mean_absolute_error == pytest.approx(1 / 3)
    assert flowers.figures == {"accuracy": 0.9}
    with pytest.raises(gn.DataError, match="line 2, column 'price': the target is missing"):
        prices.measure(table("weight,price\n1,\n"))
    with pytest.raises(gn.InputError, match="not trained on a table"):
        gn.Model.open("classic").measure(table("weight,price\n1,2\n"))


def test_an_explanation_names_columns_and_takes_the_name_of_a_class(flowers: gn.Model, prices: gn.Model) -> None:
    explanation = flowers.explain([4.0], "virginica")
    assert (explanation.label, explanation.names) == (1, ("petal",))
    assert flowers.explain([4.0], "0").label == flowers.explain([4.0], 0).label == 0
    assert prices.explain([4.0], "7.5").target == [7.5]
    with pytest.raises(gn.InputError, match=r"'virginia': no such class; did you mean 'virginica'\?"):
        flowers.explain([4.0], "virginia")
    with pytest.raises(gn.InputError, match="'much': expected a number, which this network predicts"):
        prices.explain([4.0], "much")


def test_an_example_of_a_file_comes_with_its_truth(flowers: gn.Model, tmp_path: Path) -> None:
    rows = write(tmp_path / "rows.csv", "petal,species\n1,setosa\n5,virginica\nlong,\n7,\n")
    x, truth = flowers.example(rows, 1)
    assert (x.tolist(), truth) == ([5], 1)
    assert flowers.example(rows, 3)[1] is None
    with pytest.raises(gn.DataError, match="holds 4 examples, so rows are 0 to 3"):
        flowers.example(rows, 4)
    image = np.full((2, 28, 28), 9, np.uint8)
    write_csv(tmp_path / "images.csv", image, np.array([3, 4]))
    x, truth = gn.Model.open("classic").example(tmp_path / "images.csv", 1)
    assert truth == 4
    np.testing.assert_array_equal(x, image[1])


def test_a_path_in_a_model_file_is_not_followed(tmp_path: Path) -> None:
    write_csv(tmp_path / "mine.csv", np.zeros((20, 2, 2), np.uint8), np.arange(20) % 2)
    network = gn.Network([gn.Dense(2)], input_shape=4)
    about = {"recipe": {"data": {"name": str(tmp_path / "mine.csv"), "validation": 0}}}
    gn.save_network(network, tmp_path / "m.safetensors", about=about)
    data = gn.Model.open(tmp_path / "m.safetensors").trained_on
    assert data.name == str(tmp_path / "mine.csv")
    for name in (None, ""):
        with pytest.raises(gn.DataError):
            data.dataset(name)
    with pytest.raises(gn.DataError, match="a path in a model file is not opened"):
        data.dataset()
    assert len(data.dataset(data.name).test) == 4  # whoever names it has seen it
    with pytest.raises(gn.DataError, match="its validation split is empty"):
        data.dataset(data.name, "validation")


def test_pixels_that_were_divided_already_are_warned_of(recwarn: pytest.WarningsRecorder) -> None:
    model, x = gn.Model.open("classic"), np.random.default_rng(0).integers(0, 256, (3, 28, 28), np.uint8)
    model.predict(x)
    model.predict(x.astype(np.float32))
    model.predict(np.zeros((1, 28, 28)))
    assert not recwarn.list
    with pytest.warns(UserWarning, match=r"the inputs go up to 1, but this model takes pixels from 0 to 255") as caught:
        model.predict(x / x.max())
    assert {warning.filename for warning in caught} == {__file__}


def test_the_columns_of_a_frame_are_found_by_their_names(flowers: gn.Model) -> None:
    pandas = pytest.importorskip("pandas", reason="frames are those of pandas")
    pytest.importorskip("pyarrow", reason="frames are read by pyarrow")
    frame = pandas.DataFrame({"other": [0.0, 0.0], "petal": [1.0, 5.0]})
    assert flowers.predict(frame).tolist() == flowers.predict(frame[["petal"]].to_numpy()).tolist()
    with pytest.raises(gn.DataError, match="frame: a column is missing: 'petal'; the table has 'other'"):
        flowers.predict(frame[["other"]])
