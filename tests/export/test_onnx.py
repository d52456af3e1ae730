"""ONNX files: checked by onnx, and ONNX Runtime computes from them what glassnet computes."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from cases import LAYERS, LOSSES, NETWORKS, Doubled, LayerCase, examples_for, network_named, network_of, shaken
from glassnet.export import onnx as exporter
from glassnet.nn.activations import sigmoid
from glassnet.pretrained.models import pretrained_names

onnx = pytest.importorskip("onnx", reason="ONNX files need the extra 'export'")
onnxruntime = pytest.importorskip("onnxruntime", reason="running ONNX files needs the extra 'test'")


def run(path: Path, x: np.ndarray) -> dict[str, np.ndarray]:
    """What ONNX Runtime answers, by the names of the outputs; the file is checked first."""
    onnx.checker.check_model(path, full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"x": x}), strict=True))


def close(found: np.ndarray, expected: np.ndarray) -> None:
    """To 1e-5 of the largest number: float32 has seven digits, and sums of a few hundred terms lose one of them."""
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1e-5 * max(1, np.abs(expected).max())


def logits(network: gn.Network, path: Path, x: np.ndarray) -> np.ndarray:
    """The logits as ONNX Runtime computes them: with squared error they are the outputs."""
    network = network.copy()
    network.loss = gn.SquaredError()
    gn.export_onnx(network, path, input_type="uint8" if x.dtype == np.uint8 else "float32")
    return run(path, x if x.dtype == np.uint8 else x.astype(np.float32))["outputs"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", LAYERS, ids=lambda case: case.id)
def test_every_layer(case: LayerCase, dtype: type, tmp_path: Path) -> None:
    network = shaken(network_of(case, dtype=dtype))
    for N in (1, 3):
        x = examples_for(case, N)
        close(logits(network, tmp_path / "net.onnx", x), network.logits(x))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name: str, dtype: type, tmp_path: Path, rng: np.random.Generator) -> None:
    network = shaken(network_named(name, dtype=dtype))
    for N in (1, 3):
        x = rng.standard_normal((N, *network.input_shape))
        close(logits(network, tmp_path / "net.onnx", x), network.logits(x.astype(np.float32)))
        pixels = rng.integers(0, 256, (N, *network.input_shape), dtype=np.uint8)
        close(logits(network, tmp_path / "net.onnx", pixels), network.logits(pixels))


def test_a_run_of_convolutions_stays_in_one_order(tmp_path: Path) -> None:
    gn.export_onnx(gn.load_pretrained("cnn"), tmp_path / "cnn.onnx")
    operations = [node.op_type for node in onnx.load(tmp_path / "cnn.onnx").graph.node]
    assert operations.count("Transpose") == 1  # before Flatten; at first there is one channel
    assert operations[:5] == ["Cast", "Mul", "Reshape", "Conv", "BatchNormalization"]


@pytest.mark.parametrize("classes", [None, "named"])
@pytest.mark.parametrize("M", [1, 4])
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_every_loss(loss: gn.Loss, M: int, classes: str | None, tmp_path: Path, rng: np.random.Generator) -> None:
    names = None if classes is None else [f"{k}: größer, {k * '犬'}" for k in range(max(M, 2))]
    network = shaken(gn.Network([gn.Dense(M)], input_shape=5, classes=names))
    network.loss = loss
    gn.export_onnx(network, tmp_path / "net.onnx")
    x = rng.standard_normal((40, 5)).astype(np.float32)
    answers = run(tmp_path / "net.onnx", x)
    predicted = network.predict(x)
    said = network.predict_proba(x)
    of_two = M == 1 and loss.probabilistic and network.task == "classification"
    close(answers["probabilities" if loss.probabilistic else "outputs"], loss.by_class(said) if of_two else said)
    assert not of_two or answers["probabilities"].shape == (40, 2)
    if predicted.ndim == 2:
        assert len(answers) == 1
        return
    assert list(answers)[:2] == ["label", "probabilities" if loss.probabilistic else "outputs"]
    assert answers["label"].dtype == np.int64
    np.testing.assert_array_equal(answers["label"], predicted)
    if M == 4 or not isinstance(loss, gn.CrossEntropy):
        assert len(set(predicted)) > 1  # else the labels would say nothing
    assert ("class" in answers) == (names is not None)
    if names:
        assert answers["class"].tolist() == [names[k] for k in predicted]


def test_saturated_outputs_and_ties_get_our_labels(tmp_path: Path) -> None:
    network = gn.Network([gn.Dense(3)], input_shape=1, classes="abc")
    network.loss = gn.BinaryCrossEntropy()
    network.theta[:3] = [30, 90, 60]  # all of them are 1 in float32
    gn.export_onnx(network, tmp_path / "net.onnx")
    x = np.array([[1], [0], [-1]], np.float32)
    assert run(tmp_path / "net.onnx", x)["label"].tolist() == network.predict(x).tolist() == [0, 0, 0]


@pytest.mark.mnist
@pytest.mark.parametrize("name", pretrained_names())
def test_pretrained_models_on_real_digits(name: str, tmp_path: Path, mnist: gn.Dataset) -> None:
    network = gn.load_pretrained(name)
    gn.export_onnx(network, tmp_path / "net.onnx")
    x = mnist.test.x[: 500 if name == "cnn" else 2_000]  # each goes through every operation
    answers = run(tmp_path / "net.onnx", x)
    close(answers["probabilities"], network.predict_proba(x))
    np.testing.assert_array_equal(answers["label"], network.predict(x))
    assert answers["class"].tolist() == [str(k) for k in answers["label"]]


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ([gn.Rescale(1 / 255)], np.uint8),
        ([gn.Flatten(), gn.Rescale(1 / 255)], np.uint8),
        ([gn.Rescale(1 / 16)], np.float32),
        ([gn.Standardize()], np.float32),
        ([gn.Flatten()], np.float32),
    ],
    ids=repr,
)
def test_the_type_of_the_input(first: list[gn.Layer], expected: type, tmp_path: Path) -> None:
    network = gn.Network([*first, gn.Flatten(), gn.Dense(2)], input_shape=(3, 2))
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 3, 2)
    gn.export_onnx(network, tmp_path / "net.onnx")
    of_default = run(tmp_path / "net.onnx", pixels.astype(expected))
    for kind in ("uint8", "float32"):
        gn.export_onnx(network, tmp_path / "net.onnx", input_type=kind)
        np.testing.assert_array_equal(run(tmp_path / "net.onnx", pixels.astype(kind))["label"], of_default["label"])


def test_what_stands_in_the_file(tmp_path: Path) -> None:
    layers = [gn.Rescale(1 / 255), gn.Dense(4), gn.GELU(), gn.Dense(3)]
    network = gn.Network(layers, input_shape=6, classes=["a", "b", "c"])
    network.threshold = 2.5
    gn.export_onnx(network, tmp_path / "net.onnx")
    message = onnx.load(tmp_path / "net.onnx")
    assert (message.ir_version, [(o.domain, o.version) for o in message.opset_import]) == (8, [("", 17)])
    assert (message.producer_name, message.producer_version) == ("glassnet", gn.__version__)
    names = [node.name for node in message.graph.node]
    assert len(set(names)) == len(names)
    assert [name for name in names if "." not in name] == [
        "rescale1", "dense1", "gelu1", "dense2", "probabilities", "label", "class",
    ]  # fmt: skip
    assert all(node.doc_string and list(node.output) == [node.name] for node in message.graph.node)
    arrays = {array.name: onnx.numpy_helper.to_array(array) for array in message.graph.initializer}
    np.testing.assert_array_equal(arrays["dense1.W"], layers[1].W)
    assert {"dense1.b", "dense2.W", "dense2.b", "rescale1.scale", "classes"} <= arrays.keys()
    shapes = {
        v.name: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in message.graph.value_info
    }
    assert shapes["gelu1"] == ["N", 4]
    assert all("N" in shape for shape in shapes.values())
    told = {entry.key: json.loads(entry.value) for entry in message.metadata_props}
    assert told.keys() == {"layers", "loss", "classes", "threshold"}
    assert (told["classes"], told["threshold"], told["loss"]["type"]) == (["a", "b", "c"], 2.5, "CrossEntropy")
    assert [layer["type"] for layer in told["layers"]] == ["Rescale", "Dense", "GELU", "Dense"]


def test_the_same_network_gives_the_same_bytes_in_any_process(tmp_path: Path) -> None:
    script = "import glassnet as gn; gn.export_onnx(gn.load_pretrained('classic'), 'again.onnx')"
    gn.export_onnx(gn.load_pretrained("classic"), tmp_path / "net.onnx")
    for hash_seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, check=True)
        assert (tmp_path / "again.onnx").read_bytes() == (tmp_path / "net.onnx").read_bytes()


@dataclass(frozen=True)
class Mine(gn.Loss):
    """A loss of one's own, with the output of another."""

    def forward_each(self, logits: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return gn.BinaryCrossEntropy().forward_each(logits, targets)

    def backward_each(self, prediction: np.ndarray, targets: np.ndarray) -> np.ndarray:
        return gn.BinaryCrossEntropy().backward_each(prediction, targets)

    def predict(self, logits: np.ndarray) -> np.ndarray:
        return sigmoid(logits)


def test_what_has_no_onnx_form(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    with pytest.raises(gn.InputError, match="layer doubled1: Doubled has no ONNX form; only layers of"):
        gn.export_onnx(gn.Network([gn.Dense(2), Doubled()], input_shape=3), path)
    network = gn.Network([gn.Dense(2)], input_shape=3)
    network.loss = Mine()
    with pytest.raises(gn.InputError, match="the loss Mine has no ONNX form; only losses of glassnet have one"):
        gn.export_onnx(network, path)
    with pytest.raises(gn.InputError, match="input_type must be 'uint8' or 'float32', got 'int8'"):
        gn.export_onnx(network, path, input_type="int8")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("dtype", "value"), [(np.float32, np.nan), (np.float64, 1e39), (np.float32, np.inf)])
def test_numbers_that_float32_does_not_have(dtype: type, value: float, tmp_path: Path) -> None:
    network = gn.Network([gn.Dense(2)], input_shape=3, dtype=dtype)
    network.theta[1] = value
    with pytest.raises(gn.InputError, match=r"dense1\.W holds NaN, infinity or a number beyond float32"):
        gn.export_onnx(network, tmp_path / "net.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporter, "MOST_BYTES", 4 * 8)
    gn.export_onnx(gn.Network([gn.Dense(2)], input_shape=3), tmp_path / "net.onnx")  # of 8 parameters
    with pytest.raises(gn.ModelFileError, match=r"large\.onnx: not written: 10 numbers exceed the 2 GB"):
        gn.export_onnx(gn.Network([gn.Dense(2)], input_shape=4), tmp_path / "large.onnx")


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    network = gn.Network([gn.Dense(2)], input_shape=3)
    with pytest.raises(gn.ModelFileError, match=r"net\.onnx: cannot be written: No such file or directory"):
        gn.export_onnx(network, tmp_path / "nowhere" / "net.onnx")


def test_without_onnx_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(gn.ModelFileError, match=r"ONNX files need onnx: pip install 'glassnet\[export\]'"):
        gn.export_onnx(gn.Network([gn.Dense(2)], input_shape=3), tmp_path / "net.onnx")


def test_a_classifier_of_one_class_says_its_name_and_1(tmp_path: Path, rng: np.random.Generator) -> None:
    pytest.importorskip("sklearn", reason="the estimators need the extra 'sklearn'")
    from glassnet.sklearn import MLPClassifier

    X = rng.standard_normal((40, 5))
    with pytest.warns(Warning, match="has not converged|single label|one class|epochs"):
        fitted = MLPClassifier((4,), max_iter=2, random_state=0).fit(X, ["only"] * 40)
    gn.export_onnx(fitted.network_, tmp_path / "one.onnx")
    answers = run(tmp_path / "one.onnx", X.astype(np.float32))
    assert set(answers["class"].tolist()) == {"only"}
    np.testing.assert_array_equal(answers["probabilities"], np.ones((40, 1)))
    np.testing.assert_array_equal(answers["probabilities"], fitted.predict_proba(X))
