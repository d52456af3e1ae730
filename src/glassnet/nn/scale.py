"""A check of the scale of inputs. Inputs that are unscaled, or scaled twice, are the most frequent mistake."""

import warnings
from collections.abc import Iterable, Sequence

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.layer import Layer


def scale_fault(layers: Sequence[Layer], parts: Iterable[Array]) -> str:
    """A description of the fault in the scale of inputs, given in parts (n, ...); "" if there is none.

    There is none if the first scaling layer of the network has measured the training inputs.
    """
    scaling = next((layer for layer in layers if layer.input_scale() is not None), None)
    scale = scaling.input_scale() if scaling else None  # NaN if the layer measures it from the data
    if scaling and (scale is None or not abs(scale) < 0.1):
        return ""
    largest = 0.0
    for part in parts:
        if scaling and part.dtype.kind != "f":
            return ""  # raw values, for the scaling layer
        largest = max(largest, float(np.abs(part, dtype=np.float64).max(initial=0)))
    if scaling is None and largest > 50:
        return (
            f"the inputs go up to {largest:g} and no layer scales them: training on them will probably stick; "
            "put Rescale(1 / 255) first, or Standardize()"
        )
    if scaling and 0 < largest <= 1:
        return (
            f"the inputs lie within -1..1 already, and {scaling.name} multiplies them by {scale:.3g} once more: give "
            "the network the raw values, or remove that layer"
        )
    return ""


def warn_of_scale(layers: Sequence[Layer], x: Array) -> None:
    """Warn the caller of the caller if these inputs (N, ...) do not have the scale that the network takes."""
    if fault := scale_fault(layers, [np.asarray(x)]):
        warnings.warn(fault, stacklevel=3)
