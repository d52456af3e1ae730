"""Model files: the same bits back, the same bytes each time, and every damage refused in one line."""

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import glassnet as gn
from cases import LAYERS, LOSSES, network_of
from glassnet.modelfile import KEY, read_about


def network() -> gn.Network:
    net = gn.Network(
        [gn.Standardize(), gn.Flatten(), gn.Dense(5), gn.ReLU(), gn.Dense(3)],
        input_shape=(4, 4),
        seed=1,
        classes=["ä", "b", "c"],
    )
    net.adapt(pictures())
    return net


def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (20, 4, 4), dtype=np.uint8)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    gn.save_network(network(), tmp_path / "net.safetensors", about={"test": {"accuracy": 0.5}})
    return tmp_path / "net.safetensors"


def test_saved_and_loaded_agree_bit_for_bit(saved: Path) -> None:
    net, again = network(), gn.load_network(saved)
    np.testing.assert_array_equal(again.theta, net.theta)
    np.testing.assert_array_equal(again.buffers, net.buffers)
    np.testing.assert_array_equal(again.predict_proba(pictures()), net.predict_proba(pictures()))
    assert again.classes == ("ä", "b", "c")
    assert again.input_shape == (4, 4)
    assert again.summary() == net.summary()


@pytest.mark.parametrize("case", LAYERS, ids=lambda case: case.id)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_layer_comes_back(case, dtype: type, tmp_path: Path) -> None:
    net = network_of(case, dtype=dtype)
    gn.save_network(net, tmp_path / "net")
    again = gn.load_network(tmp_path / "net")
    assert again.dtype == dtype
    np.testing.assert_array_equal(again.theta, net.theta)
    np.testing.assert_array_equal(again.buffers, net.buffers)
    assert repr(again) == repr(net)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_the_loss_comes_back(loss: gn.Loss, tmp_path: Path) -> None:
    net = network()
    net.loss = loss
    gn.save_network(net, tmp_path / "net")
    assert gn.load_network(tmp_path / "net").loss == loss


def test_the_same_network_gives_the_same_bytes(saved: Path, tmp_path: Path) -> None:
    for _ in range(5):
        gn.save_network(network(), tmp_path / "again", about={"test": {"accuracy": 0.5}})
        assert (tmp_path / "again").read_bytes() == saved.read_bytes()


def test_about_is_read_without_the_network(saved: Path) -> None:
    assert read_about(saved) == {"version": gn.__version__, "test": {"accuracy": 0.5}}


def test_a_failed_save_leaves_the_old_file(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = saved.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(gn.ModelFileError, match="plain finite values"):
        gn.save_network(network(), saved, about={"test": {"accuracy": float("nan")}})
    with pytest.raises(gn.ModelFileError, match="plain finite values"):
        gn.save_network(network(), saved, about={"test": {"accuracy": np.float32(1)}})
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(gn.ModelFileError, match=r"net.safetensors: cannot be written: No space left on device"):
        gn.save_network(network(), saved)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["net.safetensors"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(gn.ModelFileError, match=r"nowhere/net: cannot be written: No such file or directory"):
        gn.save_network(network(), tmp_path / "nowhere" / "net")


def test_a_network_that_is_not_finite_is_not_saved(tmp_path: Path) -> None:
    for vector in ("theta", "buffers"):
        net = network()
        getattr(net, vector)[3] = np.nan
        with pytest.raises(gn.ModelFileError, match="holds NaN or infinity"):
            gn.save_network(net, tmp_path / "net")
    assert not list(tmp_path.iterdir())


def rewrite(path: Path, *, arrays=None, metadata=None, text: str | None = None) -> None:
    """Change the arrays or the description of a model file."""
    with safetensors.safe_open(path, framework="numpy") as file:
        held = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        described = json.loads(file.metadata()[KEY])
    if arrays:
        arrays(held)
    if metadata:
        metadata(described)
    path.write_bytes(safetensors.numpy.save(held, {KEY: json.dumps(described) if text is None else text}))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda a: a.pop("dense1.W"), "missing arrays: dense1.W"),
        (lambda a: a.update(more=np.zeros(3)), "arrays of no layer: more"),
        (
            lambda a: a.update({"dense1.W": np.zeros((16, 4), np.float32)}),
            r"dense1.W is \(16, 4\), its layer needs \(16, 5\)",
        ),
        (lambda a: a.update({"dense1.b": np.zeros(5)}), "dense1.b is F64, its layer needs F32"),
        (lambda a: a.update({"dense1.b": np.full(5, np.nan, np.float32)}), "dense1.b holds NaN"),
    ],
)
def test_wrong_arrays(saved: Path, damage, message: str) -> None:
    rewrite(saved, arrays=damage)
    with pytest.raises(gn.ModelFileError, match=message):
        gn.load_network(saved)


def test_in_the_folder_of_a_run_the_model_is_named(tmp_path: Path) -> None:
    for name in ("checkpoint.safetensors", "model.safetensors"):
        gn.save_network(network(), tmp_path / name)
    for read in (gn.load_network, gn.load_schema):
        with pytest.raises(gn.ModelFileError, match=r"is a folder; did you mean model\.safetensors in it"):
            read(tmp_path)


def test_no_variance_is_negative(tmp_path: Path) -> None:
    gn.save_network(gn.Network([gn.BatchNorm()], input_shape=3), tmp_path / "net")
    rewrite(tmp_path / "net", arrays=lambda a: a["batchnorm1.variance"].__setitem__(0, -1))
    with pytest.raises(gn.ModelFileError, match=r"batchnorm1\.variance holds a number below 0"):
        gn.load_network(tmp_path / "net")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda m: m.update(format=2, version="9.9"), "saved by glassnet 9.9 in format 2; .* reads up to format 1"),
        (lambda m: m.pop("format"), "description cannot be read"),
        (lambda m: m.pop("layers"), "its description lacks 'layers'"),
        (lambda m: m.update(layers={}), "its layers are not a list"),
        (
            lambda m: m["layers"].append({"type": "os.system"}),
            r": layers\[5\]: unknown type 'os.system'; a class of your own must be imported before its model is read$",
        ),
        (
            lambda m: m["layers"][2].update(units=10**12),
            r"dense1.W is \(16, 5\), its layer needs \(16, 1000000000000\)",
        ),
        (lambda m: m["layers"][2].update(units="5"), r"layers\[2\].units: expected a whole number"),
        (lambda m: m["layers"][2].update(colour="red"), "unknown key 'colour'"),
        (lambda m: m.update(input_shape=[10**9, 10**9]), "more than an array can hold"),
        (lambda m: m.update(input_shape=[4, "4"]), "input_shape must hold whole numbers"),
        (lambda m: m.update(input_shape=[]), "the arrays do not fit"),
        (lambda m: m.update(input_shape=4), "damaged"),
        (lambda m: m.update(dtype="object"), "dtype must be float32 or float64"),
        (lambda m: m.update(dtype=[]), "dtype must be float32 or float64"),
        (lambda m: m.update(classes=["a"]), "expected 3 names"),
        (lambda m: m.update(classes=7), "damaged"),
        (lambda m: m.update(classes="abc"), "classes must be a list of names"),
        (lambda m: m.update(classes=[["a"], "b", "c"]), "classes must be a list of names"),
        (lambda m: m.update(format=-3), "its format is -3"),
        (lambda m: m["layers"][2].update(init={"type": "Uniform", "low": -1e308, "high": 1e308}), "too large"),
        (lambda m: m["layers"].append({"type": "Rescale", "scale": 10**400}), "1329 bits"),
        (lambda m: m.update(loss={"type": "Magic"}), "loss: unknown type 'Magic'"),
    ],
)
def test_wrong_descriptions(saved: Path, damage, message: str) -> None:
    rewrite(saved, metadata=damage)
    with pytest.raises(gn.ModelFileError, match=message) as error:
        gn.load_network(saved)
    assert "\n" not in str(error.value)
    assert str(saved) in str(error.value)


@pytest.mark.parametrize("text", ["", "no json", "[]", "null", "[" * 100_000])
def test_a_description_that_is_none(saved: Path, text: str) -> None:
    rewrite(saved, text=text)
    with pytest.raises(gn.ModelFileError, match="description cannot be read"):
        gn.load_network(saved)


def test_files_that_are_no_models(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello, this is not a model")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "huge").write_bytes((2**62).to_bytes(8, "little") + b"{}")
    (tmp_path / "other").write_bytes(safetensors.numpy.save({"a": np.zeros(3)}))
    for name, message in {
        "text": "expected a glassnet model",
        "empty": "expected a glassnet model",
        "huge": "expected a glassnet model",
        "other": "holds no glassnet model",
        "missing": "does not exist",
        ".": "is a folder",
    }.items():
        with pytest.raises(gn.ModelFileError, match=message):
            gn.load_network(tmp_path / name)


def test_every_truncation_is_refused(saved: Path) -> None:
    whole = saved.read_bytes()
    for length in range(0, len(whole), 37):
        saved.write_bytes(whole[:length])
        with pytest.raises(gn.ModelFileError):
            gn.load_network(saved)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_changed_bytes_are_refused_or_harmless(saved: Path, data: st.DataObject) -> None:
    gn.save_network(network(), saved)
    contents = bytearray(saved.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        contents[data.draw(st.integers(0, len(contents) - 1))] = data.draw(st.integers(0, 255))
    saved.write_bytes(contents)
    try:
        loaded = gn.load_network(saved)
    except gn.ModelFileError:
        return
    assert np.isfinite(loaded.theta).all()


@pytest.mark.parametrize("about", [3, {"data": 3}, None])
def test_an_about_that_is_no_table(saved: Path, about) -> None:
    rewrite(saved, metadata=lambda m: m.update(about=about))
    with pytest.raises(gn.ModelFileError, match="not a table of tables"):
        read_about(saved)


# --- float16 on disk, and the threshold


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_network_rounded_to_float16_takes_half_the_space_and_comes_back_exactly(dtype: type, tmp_path: Path) -> None:
    net = gn.Network([gn.Rescale(1 / 255), gn.Dense(50), gn.BatchNorm(), gn.Dense(3)], input_shape=16, dtype=dtype)
    net.buffers[...] = np.random.default_rng(0).random(len(net.buffers))
    gn.save_network(net, tmp_path / "exact")
    net.theta[...] = net.theta.astype(np.float16)
    gn.save_network(net, tmp_path / "rounded")
    again = gn.load_network(tmp_path / "rounded")
    assert again.dtype == dtype
    np.testing.assert_array_equal(again.theta, net.theta)
    np.testing.assert_array_equal(again.buffers, net.buffers)  # not rounded
    saved = net.theta.nbytes - 2 * len(net.theta)
    sizes = [(tmp_path / name).stat().st_size for name in ("exact", "rounded")]
    assert abs(sizes[0] - sizes[1] - saved) < 64  # the table of arrays changes by a few characters


def test_what_float16_cannot_hold_is_stored_as_it_is(tmp_path: Path) -> None:
    net = gn.Network([gn.Dense(2)], input_shape=2)
    for value in (1 + 2**-12, 1e5):  # between two float16 numbers; beyond the largest
        net.theta[...] = value
        gn.save_network(net, tmp_path / "net")
        np.testing.assert_array_equal(gn.load_network(tmp_path / "net").theta, net.theta)


def test_buffers_in_float16_are_refused(tmp_path: Path) -> None:
    net = gn.Network([gn.BatchNorm(), gn.Dense(2)], input_shape=2)
    gn.save_network(net, tmp_path / "net")
    rewrite(tmp_path / "net", arrays=lambda a: a.update({"batchnorm1.mean": np.zeros(2, np.float16)}))
    with pytest.raises(gn.ModelFileError, match=r"batchnorm1.mean is F16, its layer needs F32"):
        gn.load_network(tmp_path / "net")


def test_the_threshold_is_kept(tmp_path: Path) -> None:
    net = network()
    assert net.threshold == 0
    net.threshold = 7.75
    gn.save_network(net, tmp_path / "net")
    assert gn.load_network(tmp_path / "net").threshold == 7.75
    assert net.copy().threshold == 7.75


@pytest.mark.parametrize("value", [-0.1, float("inf"), float("nan"), "0.5", True, None, [0.5]])
def test_a_damaged_threshold_is_refused(saved: Path, value: object) -> None:
    rewrite(saved, metadata=lambda m: m.update(threshold=value))
    with pytest.raises(gn.ModelFileError, match="threshold must be a number of at least 0"):
        gn.load_network(saved)


def test_a_threshold_that_could_not_be_read_is_not_written(tmp_path: Path) -> None:
    net = network()
    net.threshold = np.float32(0.5)
    gn.save_network(net, tmp_path / "net")
    assert gn.load_network(tmp_path / "net").threshold == 0.5
    net.threshold = -7
    with pytest.raises(gn.InputError, match="threshold must be a number of at least 0, got -7"):
        gn.save_network(net, tmp_path / "net")


def test_files_of_before_the_threshold_are_read(saved: Path) -> None:
    rewrite(saved, metadata=lambda m: m.pop("threshold"))
    assert gn.load_network(saved).threshold == 0
