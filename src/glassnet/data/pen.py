"""The pen: how far each pixel lies from the lines that it drew, for many images at once."""

import math

import numpy as np

from glassnet.nn.array import Array

BELL = 1.2  # standard deviation of the bell that stands for a short piece of a line, in pixels of 28


def distance(middles: Array, lengths: Array, side: int) -> Array:
    """The approximate distance (N, side, side) of each pixel from lines, which are given as short straight pieces.

    Bells of width s over the pieces add up to exp(-d^2 / 2 s^2) at distance d from a long straight line. This sum is a
    product of two matrices, and d follows from it. Where lines meet, they are a little wider; at the end of a line the
    distance is too large, 1.2 s on the end itself.

    Args:
        middles: of the pieces (N, P, 2), row and column in pixels.
        lengths: of the pieces (N, P), in pixels, not much longer than the bell is wide; one of length 0 is not there.
        side: of the images, in pixels.
    """
    width = BELL * max(1.0, side / 28)
    place = np.arange(side, dtype=np.float32)
    bell = np.exp(-0.5 * ((middles[..., None].astype(np.float32) - place) / width) ** 2)  # (N, P, 2, side)
    weight = lengths[..., None].astype(np.float32) / (width * math.sqrt(2 * math.pi))
    total = (bell[:, :, 0] * weight).swapaxes(1, 2) @ bell[:, :, 1]
    return width * np.sqrt(-2 * np.log(np.clip(total, 1e-9, 1)))
