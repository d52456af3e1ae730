"""The models that ship with the package: small, exactly what their cards say, calibrated, and careful."""

import re

import numpy as np
import pytest
import safetensors

import glassnet as gn
from glassnet.model.judge import LEAST_PROBABILITY
from glassnet.pretrained.models import FOLDER, pretrained_names

NAMES = ("classic", "cnn", "strong")
SMALL = 4_000_000  # bytes


def test_the_three_models_are_there_with_their_cards() -> None:
    assert pretrained_names() == list(NAMES)
    assert {path.stem for path in FOLDER.glob("*.md")} == set(NAMES)
    with pytest.raises(gn.InputError, match="no pretrained model 'cn'; did you mean 'cnn'"):
        gn.load_pretrained("cn")
    with pytest.raises(gn.InputError, match="no pretrained model None"):
        gn.load_pretrained(None)


@pytest.mark.parametrize("name", NAMES)
def test_files_are_small_and_in_float16(name: str) -> None:
    path = FOLDER / f"{name}.safetensors"
    assert path.stat().st_size <= SMALL
    network = gn.load_pretrained(name)
    assert network.input_shape == (28, 28)
    assert network.classes == tuple("0123456789")
    parameters = {segment.name for segment in network.segments}
    with safetensors.safe_open(path, framework="numpy") as file:
        kinds = {key: file.get_slice(key).get_dtype() for key in file.keys()}  # noqa: SIM118
    assert all((kind == "F16") == (key.split(".")[1] in parameters) for key, kind in kinds.items())


@pytest.mark.long
@pytest.mark.mnist
@pytest.mark.parametrize("name", NAMES)
def test_a_card_tells_what_its_file_does(name: str, mnist: gn.Dataset) -> None:
    network, card = gn.load_pretrained(name), (FOLDER / f"{name}.md").read_text()
    test = gn.evaluate(network, mnist.test)
    # Another BLAS may round otherwise: one image in ten thousand is 0.01 %.
    told = float(re.search(r"test accuracy of this file \| ([\d.]+) %", card)[1])
    assert 100 * test.accuracy == pytest.approx(told, abs=0.011)
    error = 100 * gn.expected_calibration_error(test.probabilities, test.truth)
    assert error == pytest.approx(float(re.search(r"calibration error \| ([\d.]+) %", card)[1]), abs=0.02)
    assert error <= 1.5  # it is to be small on digits by other hands, too


@pytest.mark.long
@pytest.mark.mnist
@pytest.mark.repeats
@pytest.mark.parametrize("name", NAMES)
def test_a_card_tells_what_its_file_does_over_views(name: str, mnist: gn.Dataset) -> None:
    network, card = gn.load_pretrained(name), (FOLDER / f"{name}.md").read_text()
    count = 10_000 if name == "classic" else 1_000  # five views of each take a minute of convolutions
    views = gn.predict_views(network, mnist.test.x[:count])
    right = 100 * np.mean(views.argmax(axis=1) == mnist.test.y[:count])
    refused = 100 * np.mean((gn.evidence(views) < network.threshold) | (views.max(axis=1) < LEAST_PROBABILITY))
    told_right = float(re.search(r"`gn.predict_views`\) \| ([\d.]+) %", card)[1])
    told_refused = float(re.search(r"([\d.]+) % of the test digits", card)[1])
    assert told_refused <= (6 if name == "classic" else 2)  # classic is less sure of anything
    assert network.threshold == pytest.approx(float(re.search(r"evidence of ([\d.]+) over", card)[1]), abs=0.0005)
    if count == 10_000:
        assert (right, refused) == pytest.approx((told_right, told_refused), abs=0.031)
    else:  # the first half of the test digits are the easier ones; three standard errors of the share of 1,000
        assert right >= told_right - 3 * np.sqrt((100 - told_right) * told_right / count)
        assert refused <= told_refused + 3 * np.sqrt(told_refused * (100 - told_refused) / count)


def test_the_default_is_the_best() -> None:
    np.testing.assert_array_equal(gn.load_pretrained().theta, gn.load_pretrained("cnn").theta)
