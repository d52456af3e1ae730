"""Files that earlier versions saved: a model predicts the same numbers, and what cannot go on says so in one line.

Files are named by the version that saved them, and never made anew.
"""

from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.train.checkpoint import read_checkpoint

SAVED = Path(__file__).parent / "saved"


def test_a_network_for_images() -> None:
    model = gn.Model.open(SAVED / "image-0.1.safetensors")
    x = (np.arange(2 * 64) * 37 % 251).reshape(2, 8, 8, 1).astype(np.uint8)
    expected = [[0.42232558, 0.23012371, 0.34755069], [0.38397273, 0.30701482, 0.30901247]]
    np.testing.assert_allclose(model.predict_proba(x), expected, atol=1e-6)
    assert (model.classes, model.threshold) == (("a", "b", "c"), 0.5)
    assert model.about == {"version": "0.1.0", "test": {"accuracy": 0.5}}


def test_a_network_for_a_table(tmp_path: Path) -> None:
    """Its columns and its recipe are read, too."""
    model = gn.Model.open(SAVED / "table-0.1.safetensors")
    (tmp_path / "rows.csv").write_text("area,town,garden\n50,Ulm,yes\n80,Bonn,no\n100,Jena,\n")
    said = model.predict(gn.read_table(tmp_path / "rows.csv"))
    np.testing.assert_allclose(said, [402.8465910817745, 591.0744891015571, 468.6405523378003], rtol=1e-9)
    assert model.recipe
    assert model.recipe.data.target == "rent"
    assert model.recipe.training.epochs == 40


def test_a_checkpoint() -> None:
    """Until 0.1 it held another state."""
    with pytest.raises(gn.CheckpointError, match="finish the training with the version of glassnet that began it"):
        read_checkpoint(SAVED / "checkpoint-0.1.safetensors")
