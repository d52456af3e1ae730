"""The pictures of the wild: addressed by seed and number, real files, and known to nobody but their benchmark."""

import ast
import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy", reason="the shapes of the strokes need SciPy, which comes with the extra 'sklearn'")

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
import wild
import wild_pictures
from PIL import Image
from wild_pictures import EFFECTS, NOT_TRANSPARENT, SIDE, WildPicture, wild_picture

import glassnet as gn
from glassnet.model.answer import Answer
from glassnet.reading import picture


@pytest.fixture
def seven() -> np.ndarray:
    """A 7 as MNIST might have it."""
    image = np.zeros((28, 28), np.uint8)
    image[5:8, 8:20] = 255
    for row in range(8, 24):
        column = 18 - (row - 8) // 2
        image[row, column - 1 : column + 2] = 255
    return image


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """No picture is large: that of 4,000 pixels takes seconds."""
    monkeypatch.setattr(wild_pictures, "SIDE", (16, 200))


@pytest.fixture
def source(seven: np.ndarray, small: None) -> wild.Source:
    """Sevens alone, wherever the real digits would come from."""
    return wild.Source(wild.DEVELOPMENT_SEED, np.stack([seven] * 3), np.full(3, 7))


def grey(made: WildPicture, folder: Path) -> np.ndarray:
    return wild.read_file(made, folder).astype(int)


def test_a_picture_depends_on_its_seed_and_number_alone(seven: np.ndarray, small: None) -> None:
    first = wild_picture(seven, 3, 8)
    wild_picture(seven, 3, 9)
    assert wild_picture(seven, 3, 8) == first
    assert wild_picture(seven, 3, 9).data != first.data
    assert wild_picture(seven, 4, 8).data != first.data


def test_each_effect_occurs_about_as_often_as_it_says() -> None:
    chosen = [set(wild_pictures.random_effects(wild_pictures.random_stream(5, number, 0))) for number in range(400)]
    for name, effect in EFFECTS.items():
        share = np.mean([name in effects for effects in chosen])
        deviation = (effect.chance * (1 - effect.chance) / len(chosen)) ** 0.5
        assert abs(share - effect.chance) < 4 * deviation, name


@pytest.mark.parametrize("name", EFFECTS)
def test_an_effect_changes_the_picture_and_is_named_by_it(name: str, seven: np.ndarray, small: None) -> None:
    without, with_it = wild_picture(seven, 1, 2, []), wild_picture(seven, 1, 2, [name])
    assert without.effects == ()
    assert with_it.effects == (name,)
    assert with_it.data != without.data


def test_a_turned_picture_comes_back_upright(seven: np.ndarray, tmp_path: Path) -> None:
    others = ["off centre", "colour"]
    orientations = set()
    for number in range(16):
        plain = wild_picture(seven, 1, number, others)
        turned = wild_picture(seven, 1, number, [*others, "EXIF rotation"])
        with Image.open(io.BytesIO(turned.data)) as image:
            orientations.add(image.getexif()[wild_pictures.ORIENTATION])
            stored = np.asarray(image.convert("L"))
        upright = grey(plain, tmp_path)
        assert stored.shape != upright.shape or (stored != upright).any()
        assert (grey(turned, tmp_path) == upright).all()
    assert orientations == set(range(2, 9))


def test_a_jpeg_is_turned_too(seven: np.ndarray, tmp_path: Path) -> None:
    plain = wild_picture(seven, 1, 5, ["JPEG noise"])
    turned = wild_picture(seven, 1, 5, ["JPEG noise", "EXIF rotation"])
    assert plain.format == turned.format == "JPEG"
    difference = np.abs(grey(turned, tmp_path) - grey(plain, tmp_path))
    assert difference.mean() < 4  # the blocks of a JPEG lie elsewhere; a picture turned wrongly differs by some 20


def test_the_quality_of_a_jpeg_varies(seven: np.ndarray) -> None:
    steps = set()
    for number in range(8):
        with Image.open(io.BytesIO(wild_picture(seven, 1, number, ["JPEG noise"]).data)) as image:
            steps.add(image.quantization[0][1])  # of the first frequency: 2 at quality 95, 28 at quality 20
    assert min(steps) < 6 < 12 < max(steps)


def test_ink_on_nothing_shows_dark_on_white(seven: np.ndarray, small: None, tmp_path: Path) -> None:
    for number in range(6):
        made = wild_picture(seven, 1, number, EFFECTS)
        assert not NOT_TRANSPARENT & set(made.effects)
        values = grey(made, tmp_path)
        assert np.median(values) == 255
        assert values.min() < 180  # coloured ink of full strength has at most 255 - LEAST_CONTRAST


def test_sizes_stay_in_their_range_and_the_digit_inside(seven: np.ndarray) -> None:
    sides = []
    for number in range(2_000):
        scene = wild_pictures.plain_scene(wild_pictures.random_stream(1, number, 1))
        wild_pictures.any_size(scene, wild_pictures.random_stream(1, number, 2))
        wild_pictures.off_centre(scene, wild_pictures.random_stream(1, number, 3))
        height, width, digit = wild_pictures.sides(scene)
        assert wild_pictures.LEAST_DIGIT <= digit <= min(height, width) - 2
        sides += [height, width]
    assert min(sides) == SIDE[0]
    assert 0.9 * SIDE[1] < max(sides) <= SIDE[1]


def test_the_file_has_the_size_it_tells(seven: np.ndarray, small: None, tmp_path: Path) -> None:
    for number in range(12):
        made = wild_picture(seven, 6, number)
        assert grey(made, tmp_path).shape == (made.height, made.width)


@pytest.mark.parametrize("width", [0.03, 0.5])
def test_a_pen_keeps_pieces_and_holes(width: float) -> None:
    image = np.zeros((28, 28), np.uint8)
    image[6:22, 8:20] = 255
    image[9:13, 10:14] = image[15:19, 10:14] = 0  # an 8 with walls 2, 3 and 6 wide
    as_written = wild_pictures.signed_distance(image)
    written = wild_pictures.with_pen(as_written, width, room=0.2)
    assert (wild_pictures.pieces(written), wild_pictures.holes(written)) == (1, 2)
    ink, before = (written > 0).sum(), (as_written > 0).sum()
    assert ink < 0.5 * before if width < 0.1 else ink > 1.1 * before


def test_the_makers_of_the_pictures_do_not_know_the_library() -> None:
    tree = ast.parse(Path(wild_pictures.__file__).read_text())
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert "numpy" in imported
    assert not [name for name in imported if name.startswith("glassnet")]


def test_what_the_reader_refuses_counts_as_wrong(source: wild.Source, tmp_path: Path) -> None:
    network = gn.Network([gn.Rescale(1 / 255), gn.Dense(10)], input_shape=784, seed=0)
    network.theta[:] = 0
    network.layers[-1].b[7] = 1  # says 7 to everything

    def moody(network: gn.Network, values: np.ndarray) -> Answer:
        if values.shape[0] > values.shape[1]:
            return Answer(network.class_names, problem="no portraits")
        return wild.read_plainly(network, values)

    measured = wild.measure(network, source, 12, {wild.READ: moody, wild.PLAIN: wild.read_plainly})
    result = wild.report(measured)
    shown = [source.picture(number) for number in range(12)]
    portraits = sum(made.height > made.width for made in shown)
    assert 0 < portraits < 12
    assert result["overall"][wild.READ]["refused"] == portraits
    assert result["overall"][wild.READ]["accuracy"] == pytest.approx(1 - portraits / 12, abs=1e-5)
    assert result["overall"][wild.PLAIN]["accuracy"] == 1
    for name, row in result["effects"].items():
        assert row["count"] == sum(name in made.effects for made in shown)
    wild.write_failures(source, measured, tmp_path / "failures")
    failures = [path.name for path in (tmp_path / "failures").iterdir()]
    assert len(failures) == portraits
    assert all("is-7-refused" in name for name in failures)


def test_plain_resize_turns_dark_on_light_around(seven: np.ndarray) -> None:
    light = np.kron(255 - seven, np.ones((4, 4), np.uint8))
    assert np.abs(wild.plain_resize(light).astype(int) - seven).mean() < 10
    assert (wild.plain_resize(255 - light) == wild.plain_resize(light)).mean() > 0.9


def test_sheets_are_written(source: wild.Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wild, "COLUMNS", 2)
    monkeypatch.setattr(wild, "ROWS", 1)
    wild.write_sheets(source, tmp_path / "sheets")
    assert len(list((tmp_path / "sheets").iterdir())) == len(EFFECTS) + wild.PAGES
    assert picture.read(tmp_path / "sheets" / "size.png").shape == (wild.CELL + 18, 2 * (wild.CELL + 6))


@pytest.mark.parametrize(
    "command", ["--failures x", "--write --development", "--write --count 5", "--development --seed 3", "--count 0"]
)
def test_commands_that_would_spoil_the_test_seed_are_refused(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["wild.py", *command.split()])
    with pytest.raises(SystemExit) as stopped:
        wild.main()
    assert stopped.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_write_keeps_the_figures_and_fills_its_place_in_the_page(
    source: wild.Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, results, model = tmp_path / "page.md", tmp_path / "wild.json", tmp_path / "any.safetensors"
    page.write_text("before\n<!-- wild -->\nold\n<!-- /wild -->\nafter\n")
    gn.save_network(gn.Network([gn.Rescale(1 / 255), gn.Dense(10)], input_shape=784, seed=0), model)
    monkeypatch.setattr(wild, "PAGE", page)
    monkeypatch.setattr(wild, "RESULTS", results)
    monkeypatch.setattr(wild, "COUNT", 9)
    monkeypatch.setattr(wild.Source, "of", lambda seed: source)
    monkeypatch.setattr(wild, "read_as_predict", wild.read_plainly)  # the reader is not measured by tests
    monkeypatch.setattr(sys, "argv", ["wild.py", "--write", "--model", str(model)])
    wild.main()
    result = json.loads(results.read_text())
    assert result["seed"] == wild.TEST_SEED
    assert result["overall"]["count"] == 9
    assert result["overall"][wild.READ] == result["overall"][wild.PLAIN]
    text = page.read_text()
    assert text.startswith("before\n<!-- wild -->\n| effect |")
    assert text.endswith("\n<!-- /wild -->\nafter\n")
    assert all(f"| {name} |" in text for name in EFFECTS)
