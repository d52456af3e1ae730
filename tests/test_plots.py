"""Figures: drawn from results, written as PNG; what is in them is looked at by people."""

from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet import plots
from glassnet.train.calibration import reliability
from glassnet.train.metrics import Evaluation

pytest.importorskip("matplotlib", reason="figures need the extra 'plots'")


@pytest.fixture
def result() -> Evaluation:
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(3), 40)
    return Evaluation(0.5, ("a", "b", "c"), rng.integers(0, 3, 40), p.argmax(axis=1), p)


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)


def is_picture(path: Path) -> bool:
    return path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_curves_show_every_value_and_the_kept_epoch(tmp_path: Path) -> None:
    records = [
        {
            "epoch": e,
            "training_loss": 1 / e,
            "training_accuracy": 0.9,
            "validation_loss": 2 / e,
            "validation_accuracy": 0.8,
        }
        for e in (1, 2, 3)
    ]
    figure = plots.curves(gn.History(records, kept_epoch=2))
    loss, accuracy = figure.axes
    np.testing.assert_allclose([line.get_ydata() for line in loss.lines[:2]], [[1, 1 / 2, 1 / 3], [2, 1, 2 / 3]])
    np.testing.assert_allclose(accuracy.lines[0].get_ydata(), [90, 90, 90])
    assert "kept: epoch 2" in [text.get_text() for text in loss.get_legend().get_texts()]
    plots.save(figure, tmp_path / "curves.png")
    assert is_picture(tmp_path / "curves.png")


def test_curves_of_a_regression_have_no_accuracy() -> None:
    assert len(plots.curves(gn.History([{"epoch": 1, "training_loss": 1.0}])).axes) == 1


def test_confusion_shows_every_count(result: Evaluation) -> None:
    (axes,) = plots.confusion(result).axes
    shown = {
        (round(text.get_position()[1]), round(text.get_position()[0])): int(text.get_text()) for text in axes.texts
    }
    expected = {(t, p): n for (t, p), n in np.ndenumerate(result.confusion) if n}
    assert shown == expected


def test_reliability_shows_every_bin() -> None:
    """Each bar is as high as its accuracy, and what is missing to the confidence stands on it."""
    p = np.array([[0.95, 0.05], [0.85, 0.15], [0.05, 0.95], [0.6, 0.4]])
    measured = reliability(p, np.array([0, 1, 1, 1]), bins=5)
    figure = plots.reliability({"a": measured, "b": measured})
    assert len(figure.axes) == 4
    for upper, lower in (figure.axes[0::2], figure.axes[1::2]):
        right, more, less = (np.array([bar.get_height() for bar in bars]) for bars in upper.containers)
        np.testing.assert_allclose((right + more)[2:], [0, np.nan, 2 / 3])
        np.testing.assert_allclose((right + less)[2:], [0.6, np.nan, 2.75 / 3])
        for bars in upper.containers[1:]:
            np.testing.assert_allclose([bar.get_y() for bar in bars], right)
        assert [bar.get_height() for bar in lower.containers[0]] == [0, 0, 1, 0, 3]
        assert upper.get_title().endswith("error 33.75%")
        assert lower.get_yscale() == "log"


def test_predictions_name_the_truth_where_they_are_wrong(result: Evaluation, images: np.ndarray) -> None:
    figure = plots.predictions(images, result, count=40)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert len(titles) == 40
    for title, truth, said in zip(titles, result.truth, result.predicted, strict=True):
        assert title.startswith(result.classes[said])
        assert ("truth" in title) == (truth != said)


def test_mistakes_shows_only_mistakes(result: Evaluation, images: np.ndarray) -> None:
    titles = [axes.get_title() for axes in plots.mistakes(images, result, count=9).axes if axes.get_title()]
    assert len(titles) == 9
    assert all("truth" in title for title in titles)


def test_mistakes_of_a_perfect_network(images: np.ndarray) -> None:
    truth = np.zeros(40, int)
    perfect = Evaluation(0.0, ("a", "b"), truth, truth, np.tile([1.0, 0], (40, 1)))
    assert "0 mistakes" in plots.mistakes(images, perfect).get_suptitle()


def test_the_first_layer_looks_at_images() -> None:
    network = gn.Network([gn.Flatten(), gn.Dense(5)], input_shape=(3, 4))
    spread = np.array([0.0, *[2.0] * 11])
    figure = plots.first_layer(network, spread, count=4)
    shown = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    assert len(shown) == 4
    np.testing.assert_allclose(shown[2], (spread * network.layers[1].W[:, 2]).reshape(3, 4))
    assert "the weights of each hidden unit (the first 4 of 5)" in figure.get_suptitle()
    filters = gn.Network([gn.Conv2D(6, 3)], input_shape=(5, 5, 2))
    figure = plots.first_layer(filters)
    shown = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    np.testing.assert_allclose(shown[5], filters.layers[0].W[:, :, :, 5].mean(axis=2))
    assert plots.first_layer(gn.Network([gn.Dense(2)], input_shape=9)) is None


def test_the_same_figure_gives_the_same_bytes(result: Evaluation, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        plots.save(plots.confusion(result), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_variants_shows_every_seed_the_mean_and_what_diverged(tmp_path: Path) -> None:
    accuracies = {"0.1": [97.0, 98.0], "3": [20.0], "10": []}
    losses = {"0.1": [0.1, 0.2], "3": [2.0], "10": []}
    notes = {"0.1": "", "3": "1 of 2 diverged", "10": "diverged"}
    figure = plots.variants(accuracies, losses, notes=notes, title="learning rate")
    for axes, values, mean in zip(figure.axes, (accuracies, losses), (97.5, 0.15), strict=True):
        seeds, bar, lone = axes.lines[:3]
        np.testing.assert_allclose(seeds.get_xdata(), values["0.1"])
        np.testing.assert_allclose(bar.get_xdata(), [mean, mean])
        np.testing.assert_allclose(lone.get_xdata(), values["3"])
        assert [text.get_text() for text in axes.texts] == ["1 of 2 diverged", "diverged"]
        assert [text.get_position()[1] for text in axes.texts] == [1, 2]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["0.1", "3", "10"]
    plots.save(figure, tmp_path / "variants.png")
    assert is_picture(tmp_path / "variants.png")


@pytest.mark.parametrize(
    ("accuracies", "losses"),
    [([100.0, 99.9], [1e-6, 1e-5]), ([10.0, 98.0], [0.01, 2.3]), ([96.5, 96.5], [0.1, 0.1]), ([], [])],
)
def test_scales_of_variants_have_a_few_round_ticks(accuracies: list[float], losses: list[float]) -> None:
    figure = plots.variants({"a": accuracies}, {"a": losses}, notes={"a": "" if losses else "diverged"}, title="")
    for axes in figure.axes:
        low, high = axes.get_xlim()
        ticks = axes.get_xticks()
        assert 1 <= len(ticks) <= 8
        assert np.all((low <= ticks) & (ticks <= high))


def history(*losses: float, **more: list[float]) -> gn.History:
    columns = {name: values[e] for e in range(len(losses)) for name, values in more.items() if len(values) > e}
    assert len(columns) == len(more)
    return gn.History(
        [
            {"epoch": e + 1, "training_loss": loss} | {name: values[e] for name, values in more.items()}
            for e, loss in enumerate(losses)
        ]
    )


def test_a_comparison_shows_every_curve(tmp_path: Path) -> None:
    """Validation is thick, training thin, both in the colour of the run; what has no epoch is left out."""
    histories = {
        "1  _a$x$b": history(1.0, 0.5, validation_loss=[2.0, 1.5], training_accuracy=[0.5, 0.75]),
        "2  $\\nothing$": history(0.25),
        "3  empty": gn.History(),
    }
    figure = plots.comparison(histories)
    loss, accuracy = figure.axes
    assert loss.get_yscale() == "log"
    np.testing.assert_allclose(loss.lines[0].get_ydata(), [1, 0.5])
    np.testing.assert_allclose(loss.lines[1].get_ydata(), [2, 1.5])
    np.testing.assert_allclose(accuracy.lines[0].get_ydata(), [50, 75])
    assert loss.lines[0].get_linewidth() < loss.lines[1].get_linewidth()
    assert loss.lines[0].get_color() == loss.lines[1].get_color() != loss.lines[2].get_color()
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == [r"1  _a\$x\$b", r"2  \$\nothing\$"]
    plots.save(figure, tmp_path / "compared.png")  # a name that were read as a formula would fail here
    assert is_picture(tmp_path / "compared.png")


def test_a_comparison_of_many_and_of_a_loss_of_0(tmp_path: Path) -> None:
    figure = plots.comparison({str(i): history(float(i), 0.0) for i in range(12)})
    assert figure.axes[0].get_yscale() == "linear"  # a logarithm has no place for 0
    assert len({line.get_color() for line in figure.axes[0].lines}) == 12
    plots.save(figure, tmp_path / "many.png")


def test_names_of_classes_are_no_formulas(result: Evaluation, images: np.ndarray, tmp_path: Path) -> None:
    odd = Evaluation(0.5, ("$\\a$", "$_$", "<b>"), result.truth, result.predicted, result.probabilities)
    for figure in (plots.confusion(odd), plots.mistakes(images, odd)):
        plots.save(figure, tmp_path / "odd.png")


def test_an_svg_stands_on_any_ground() -> None:
    from xml.etree import ElementTree

    svg = plots.as_svg(plots.curve(gn.History([{"epoch": 1, "training_loss": 1.0}]), "loss"))
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "prefers-color-scheme:dark" in "".join(root.itertext())
    assert "loss (mean)" in "".join(root.itertext())  # text is text
    assert "currentColor" in svg
    assert "#000000" not in svg
    assert "#ffffff" not in svg.replace("<style", "")  # no white ground


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 1), (5, 4, 3)])
def test_a_png_has_the_pixels_of_the_image(shape: tuple[int, ...], tmp_path: Path) -> None:
    from matplotlib.image import imread

    image = np.random.default_rng(1).integers(0, 17, shape).astype(np.uint8)
    (tmp_path / "a.png").write_bytes(plots.as_png(image, white=16))
    shown = imread(tmp_path / "a.png")[..., :3] * 16
    expected = np.broadcast_to(image.reshape(5, 4, -1), (5, 4, 3))
    np.testing.assert_allclose(shown, expected, atol=16 / 255)  # one grey of 256


def pixels(png: bytes) -> np.ndarray:
    import io

    from matplotlib.image import imread

    return imread(io.BytesIO(png))


def test_a_mosaic_is_blue_for_and_red_against() -> None:
    network = gn.Network([gn.Flatten(), gn.Dense(9)], input_shape=(3, 4))
    dense = network.layers[1]
    dense.W[:] = 0
    dense.W[5, 8] = 2.0  # row 1, column 1 of the ninth picture, which is the first of the second row
    dense.W[6, 8] = -2.0
    shown = pixels(plots.weight_mosaic(network))
    assert shown.shape == (2 * 4 - 1, 8 * 5 - 1, 4)
    red, green, blue, solid = np.moveaxis(shown, 2, 0)
    assert blue[5, 1] > red[5, 1]
    assert red[5, 2] > blue[5, 2]
    assert solid[3].max() == 0  # between the rows of pictures
    assert green[0, 0] > 0.9  # a weight of 0 is white
    faded = pixels(plots.weight_mosaic(network, spread=np.where(np.arange(12) == 5, 0.0, 1.0).reshape(3, 4)))
    np.testing.assert_array_equal(faded[5, 1], faded[4, 0])  # a pixel that never changes


def test_a_mosaic_of_filters_and_of_none() -> None:
    network = gn.Network([gn.Reshape((6, 6, 1)), gn.Conv2D(3, 2), gn.Flatten(), gn.Dense(2)], input_shape=(6, 6))
    assert pixels(plots.weight_mosaic(network)).shape[:2] == (2, 3 * 3 - 1)
    assert plots.weight_mosaic(gn.Network([gn.Dense(2)], input_shape=5)) is None
    assert plots.weight_mosaic(gn.Network([gn.ReLU()], input_shape=(5, 5))) is None


def test_a_histogram_counts_every_weight() -> None:
    weights = np.random.default_rng(2).standard_normal((7, 5))
    (axes,) = plots.weight_histogram("dense1", weights).axes
    assert sum(bar.get_height() for bar in axes.patches) == 35
