"""Recipes: the named ones, a user's own, and every slip of the pen."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tomli_w

import glassnet as gn
from glassnet.recipes.recipe import Recipe, load_recipe, recipe_names
from glassnet.recipes.toml import RecipeError, value_of
from glassnet.runs.run import train_recipe

MINIMAL = """
[network]
hidden = [4]
[optimizer]
type = "SGD"
lr = 0.1
[training]
epochs = 2
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(MINIMAL)
    return path


SHAPES = {
    "tiny": [10, 10],
    "tiny-deep": [10, 10, 10],
    "sigmoid-30": [30, 10],
    "sixteen": [16, 16, 10],
    "quick": [128, 10],
    "classic": [128, 10],
    "strong": [1024, 1024, 10],
    "cnn": [10],
    "table": [64, 64, 10],
}


@pytest.mark.parametrize("name", recipe_names())
def test_named_recipes_have_the_promised_networks(name: str, digits: gn.Dataset) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.about
    network = recipe.make_network(digits)
    assert [layer.units for layer in network.layers if isinstance(layer, gn.Dense)] == SHAPES[name]
    activation = {"sigmoid-30": gn.Sigmoid, "sixteen": gn.Sigmoid, "table": gn.GELU}.get(name, gn.ReLU)
    convolutions = sum(isinstance(layer, gn.Conv2D) for layer in network.layers)
    assert sum(isinstance(layer, activation) for layer in network.layers) == len(SHAPES[name]) - 1 + convolutions
    assert convolutions == (5 if name == "cnn" else 0)
    assert network.classes == digits.classes


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_written_and_read_is_the_same(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name)
    path = tmp_path / "copy.toml"
    path.write_text(tomli_w.dumps(recipe.to_table()))
    assert load_recipe(path) == recipe


def made(shape: tuple[int, ...], classes: int) -> gn.Dataset:
    """A dataset of this form, of random pixels."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (40, *shape), np.uint8), rng.integers(0, classes, 40)
    parts = (gn.Split(x, y, np.arange(start, start + count)) for start, count in ((0, 24), (24, 8), (32, 8)))
    return gn.Dataset("made", *parts, classes=tuple(f"class {c}" for c in range(classes)), white=255)


@pytest.mark.parametrize("name", ["strong", "cnn"])
@pytest.mark.parametrize(
    ("shape", "classes"),
    [((28, 28), 10), ((28, 28), 47), ((32, 32, 3), 10), ((8, 8), 10)],
    ids=["MNIST, Fashion-MNIST, KMNIST", "EMNIST", "CIFAR-10", "UCI digits"],
)
def test_strong_and_cnn_train_on_any_dataset_of_the_registry(
    name: str, shape: tuple[int, ...], classes: int, tmp_path: Path
) -> None:
    recipe = load_recipe(name, settings={"training.epochs": 1, "training.batch_size": 12})
    run = train_recipe(recipe, made(shape, classes), tmp_path / "run", pictures=False)
    assert run.evaluation.probabilities.shape == (8, classes)
    assert run.network.input_shape == shape


def test_drawn_digits_are_mixed_into_digits_alone() -> None:
    recipe = load_recipe("cnn")
    digits = tuple(map(str, range(10)))
    for shape, classes, fits in [((28, 28), digits, True), ((28, 28), digits[::-1], False), ((8, 8, 3), digits, False)]:
        dataset = replace(made(shape, 10), classes=classes)
        assert (gn.Strokes(0.2) in recipe.augment(dataset)) == fits
        settled = recipe.settled(dataset)
        assert settled.strokes == (gn.Strokes(0.2) if fits else None)
        assert settled.outliers
        assert bool(settled.outliers.letters) == fits


def test_what_is_hidden_may_be_sizes_and_layers(own: Path, digits: gn.Dataset) -> None:
    hidden = [{"type": "Conv2D", "filters": 3, "kernel_size": 3}, "ReLU", "Flatten", 7, "BatchNorm", 5]
    layers = load_recipe(own, settings={"network.hidden": hidden}).make_network(digits).layers
    kinds = ["Rescale", "Reshape", "Conv2D", "ReLU", "Flatten", "Dense", "ReLU", "BatchNorm", "Dense", "ReLU", "Dense"]
    assert [type(layer).__name__ for layer in layers] == kinds
    with pytest.raises(RecipeError, match=r"hidden\[1\]: unknown type 'Relu'; did you mean 'ReLU'"):
        load_recipe(own, settings={"network.hidden": [3, "Relu"]})


def test_augmentation_and_outliers_follow_the_dataset(own: Path, digits: gn.Dataset) -> None:
    settings = {"augmentation.shift": 0.1, "outliers.share": 0.2}
    recipe = load_recipe(own, settings=settings)
    assert recipe.augment(digits) == [gn.Outliers(0.2, classes=10), gn.Augmentation(shift=0.1, white=16)]
    assert load_recipe(own).augment(digits) == []
    with pytest.raises(RecipeError, match=r"augmentation: shift must be a number from 0 to 0.5, got 2"):
        load_recipe(own, settings={"augmentation.shift": 2.0})
    with pytest.raises(RecipeError, match="augmentation: unknown key 'rotate'; did you mean 'rotation'"):
        load_recipe(own, settings={"augmentation.rotate": 2})


def test_a_file_of_ones_own(own: Path) -> None:
    recipe = load_recipe(own)
    assert recipe.name == "own"
    assert recipe.data.name == "mnist"
    assert recipe.training.batch_size == 128
    assert recipe.early_stopping is None


def test_the_short_form_scales_by_the_whitest_pixel(own: Path, digits: gn.Dataset) -> None:
    network = load_recipe(own).make_network(digits)
    assert network.layers[0].scale == 1 / 16
    assert repr(network.layers[1]) == "Flatten()"


def test_layers_written_out(own: Path, digits: gn.Dataset) -> None:
    own.write_text(
        MINIMAL.replace(
            "hidden = [4]",
            'layers = [{type = "Rescale", scale = 0.0625}, "Flatten", {type = "Dense", units = 7, init = "HeNormal"}, '
            '"ReLU", {type = "Dense", units = 10}]',
        )
    )
    network = load_recipe(own).make_network(digits)
    assert network.layers[2].units == 7
    assert network.layers[2].init == gn.HeNormal()


def test_settings_replace_those_of_the_file(own: Path) -> None:
    recipe = load_recipe(
        own,
        settings={
            "optimizer.lr": 0.01,
            "optimizer.momentum": 0.9,
            "network.hidden": [256, 64],
            "network.activation": "Tanh",
            "network.init.type": "Normal",
            "network.init.std": 0.1,
            "training.batch_size": "full",
            "early_stopping.monitor": "training_loss",
            "data.name": "some/file.csv",
        },
    )
    assert recipe.optimizer == gn.SGD(0.01, momentum=0.9)
    assert recipe.network.hidden == (256, 64)
    assert recipe.network.activation == "Tanh"
    assert recipe.network.init == gn.Normal(0.1)
    assert recipe.training.batch_size == "full"
    assert recipe.early_stopping == gn.EarlyStopping("training_loss")
    assert recipe.data.name == "some/file.csv"


def test_a_name_in_the_file_can_be_given_settings() -> None:
    assert load_recipe("classic", settings={"network.init": "HeUniform"}).network.init == gn.HeUniform()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", 0.1),
        ("true", True),
        ("[256, 64]", [256, 64]),
        ('{type = "Adam", lr = 1}', {"type": "Adam", "lr": 1}),
        ("Adam", "Adam"),
        ("", ""),
        ("1\noptimizer.lr = 7", "1\noptimizer.lr = 7"),  # not 1 alone
        ("[" * 3000, "[" * 3000),
        ("1" * 5000, "1" * 5000),
    ],
)
def test_a_text_is_the_value_it_stands_for_in_toml(text: str, value: object) -> None:
    assert value_of(text) == value


def test_layers_and_hidden_replace_each_other() -> None:
    recipe = load_recipe("classic", settings={"network.layers": [{"type": "Dense", "units": 10}]})
    assert recipe.network.hidden is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"training.epoch": 3}, "classic: training: unknown key 'epoch'; here it is called 'epochs': training.epochs="),
        (
            {"trainin.epochs": "3"},
            "classic: unknown section 'trainin'; of 'epochs', it belongs to training: ",
        ),
        ({"training.epochs": 0}, "training: epochs must be a whole number of at least 1, got 0"),
        ({"training.epochs": "many"}, r"training.epochs: expected a whole number, got 'many'"),
        ({"training.epochs": 2.5}, "expected a whole number, got 2.5"),
        ({"training.batch_size": "half"}, "training.batch_size: expected a whole number or one of 'full', got 'half'"),
        ({"training.seed": -1}, "seed must be from 0"),
        ({"optimizer.lr": -1}, "lr must be above 0"),
        ({"optimizer.lr": float("nan")}, "expected a finite number"),
        ({"optimizer.type": "Adagrad2"}, "optimizer: unknown type 'Adagrad2'"),
        ({"network.hidden": [128, 0]}, r"hidden\[1\] must be at least 1"),
        ({"network.hidden": 128}, r"network.hidden: expected a list, got 128"),
        ({"network.activation": "RelU2"}, "activation: unknown type 'RelU2'; did you mean 'ReLU'"),
        ({"network.loss": "CrossEntrop"}, "did you mean 'CrossEntropy'"),
        ({"network.scaling": "log"}, "network.scaling: expected one of 'rescale', 'standardize', got 'log'"),
        ({"network.layers": ["Dense"]}, r"layers\[0\]: the key 'units' is missing"),
        ({"data.validation": -5}, "validation must not be negative"),
        ({"early_stopping.patience": 0}, "patience must be at least 1"),
        ({"penalties": "L2"}, "penalties: expected a list, got 'L2'"),
        ({"penalties": [{"type": "L3"}]}, r"penalties\[0\]: unknown type 'L3'; known: L1, L2"),
        ({"clip.norm": 0}, "clip: Clip: norm must be above 0"),
        ({"average.decay": 1}, "average: WeightAverage: decay must be from 0 to below 1"),
        ({"training.class_weights": "even"}, "training.class_weights: expected a list or one of 'balanced'"),
        ({"name.x": "1"}, "name"),
        ({"name": "../evil"}, "name: expected up to 100 letters, digits"),
        ({"name": ""}, "name: expected up to 100 letters, digits"),
        (
            {"network.init": "HeNormal", "network.layers": ["Flatten"], "network.scaling": "rescale"},
            "'scaling' goes with 'hidden'",
        ),
        ({"optimizer.lr": 10**400}, "got a whole number of 1329 bits"),
        ({"network.hidden.x": 1}, "expected a place from 0 to 0 in a list, got 'x'"),
    ],
)
def test_slips_are_named(settings: dict, message: str) -> None:
    with pytest.raises(RecipeError, match=message) as error:
        load_recipe("classic", settings=settings)
    assert "\n" not in str(error.value)


def test_neither_hidden_nor_layers(own: Path) -> None:
    own.write_text(MINIMAL.replace("hidden = [4]", ""))
    with pytest.raises(RecipeError, match=r"own.toml: network: expected either 'hidden'"):
        load_recipe(own)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"[network", "expected a recipe in TOML"),
        (b"\xff\xfe", "expected a recipe in TOML"),
        (b"x = " + b"[" * 5000, "expected a recipe in TOML"),
        (b"", "the key 'network' is missing"),
        (MINIMAL.replace("[network]\nhidden = [4]", "").encode() + b"[network.x]", "network: unknown key 'x'"),
    ],
)
def test_files_that_are_no_recipes(tmp_path: Path, contents: bytes, message: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(contents)
    with pytest.raises(RecipeError, match=message):
        load_recipe(path)


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(RecipeError, match="no recipe 'clasic' and no such file"):
        load_recipe("clasic")


def test_layers_that_do_not_fit_the_data(own: Path, digits: gn.Dataset) -> None:
    own.write_text(MINIMAL.replace("hidden = [4]", 'layers = [{type = "Dense", units = 10}]'))
    with pytest.raises(RecipeError, match=r"recipe 'own' on digits: layer dense1 .*put Flatten"):
        load_recipe(own).make_network(digits)


def test_every_recipe_file_is_listed() -> None:
    import glassnet.recipes

    assert {path.stem for path in Path(glassnet.recipes.__file__).parent.glob("*.toml")} == set(recipe_names())


def test_a_recipe_is_a_value() -> None:
    assert isinstance(load_recipe("tiny"), Recipe)
    assert load_recipe("tiny") == load_recipe("tiny")


def real_targets(count: int = 40) -> gn.Dataset:
    rng = np.random.default_rng(0)
    split = gn.Split(rng.standard_normal((count, 3)), rng.standard_normal(count), np.arange(count))
    return gn.Dataset("numbers", split, split, split, classes=(), white=1)


def test_the_loss_belongs_to_the_targets(digits: gn.Dataset, own: Path) -> None:
    recipe = load_recipe(own)
    assert recipe.make_network(digits).loss == gn.CrossEntropy()
    network = recipe.make_network(real_targets())
    assert network.loss == gn.SquaredError()
    assert network.output_shape == (1,)
    assert load_recipe(own, settings={"network.loss": "Huber"}).make_network(real_targets()).loss == gn.Huber()
    with pytest.raises(RecipeError, match=r"the loss Hinge\(\) is for classes, but the targets are real numbers"):
        load_recipe(own, settings={"network.loss": "Hinge"}).make_network(real_targets())


def test_tables_are_standardized_unless_the_recipe_says_otherwise(own: Path) -> None:
    pytest.importorskip("sklearn", reason="the table needs the extra 'sklearn'")
    iris = load_recipe("table", settings={"data.name": "iris", "data.target": "species"}).data.load()
    assert isinstance(load_recipe(own).make_network(iris).layers[0], gn.Standardize)
    rescaled = load_recipe(own, settings={"network.scaling": "rescale"}).make_network(iris)
    assert isinstance(rescaled.layers[0], gn.Rescale)


def test_a_known_schema_reaches_the_table() -> None:
    pytest.importorskip("sklearn", reason="the table needs the extra 'sklearn'")
    data = load_recipe("table", settings={"data.name": "iris", "data.target": "species"}).data
    schema = data.load().schema
    turned = replace(schema, inputs=schema.inputs[::-1])
    assert data.load(schema=turned).schema is turned


def test_a_loss_of_amounts_makes_a_regression_of_a_table() -> None:
    table = {"data.name": "claims.csv", "data.target": "claims"}
    for loss, task in (("Poisson", "regression"), ("Huber", "regression"), ("SquaredError", None), ("Hinge", None)):
        assert load_recipe("table", settings={**table, "network.loss": loss}).data.task == task
    assert load_recipe("table", settings={**table, "network.loss": "Huber", "data.task": "classification"}).data.task
    assert load_recipe("classic", settings={"network.loss": "Huber"}).data.task is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"data.task": "regression"}, "'task' goes with 'target'"),
        ({"data.ignore": ["a"]}, "'ignore' goes with 'target'"),
        ({"data.categorical": ["a"]}, "'categorical' goes with 'target'"),
        ({"data.target": "a", "data.task": "both"}, "expected one of 'classification', 'regression'.*got 'both'"),
    ],
)
def test_settings_of_tables_are_checked(settings: dict, message: str, own: Path) -> None:
    with pytest.raises(RecipeError, match=message):
        load_recipe(own, settings=settings)
