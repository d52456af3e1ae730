"""Views: five versions of an image: unchanged, rotated a little in both directions, a little larger, a little smaller.

A digit stays the same digit in all views, but for a letter the answers of the network differ. The mean over the views
is about as accurate as the image alone, and has less evidence for images that are not digits.
"""

import math

import numpy as np

from glassnet.data.augment import resampled
from glassnet.nn.array import Array
from glassnet.nn.entropy import is_distribution
from glassnet.nn.errors import require
from glassnet.nn.network import Network

ROTATION, SCALE = 12.0, 1.12  # degrees, and a factor: the limits of the recipes `strong` and `cnn` in training
OTHERS = ((ROTATION, 1.0), (-ROTATION, 1.0), (0.0, SCALE), (0.0, 1 / SCALE))  # views besides the unchanged image
AT_ONCE = 512  # number of images processed at once


def views(images: Array) -> Array:
    """Five views of each image: unchanged, rotated by 12 degrees in both directions, 1.12 times larger and smaller.

    The changes are about the middle, by bilinear interpolation; pixels from outside the image are 0.

    Shapes: images (N, H, W) or (N, H, W, C), uint8 -> (5, N, H, W) or (5, N, H, W, C), uint8.

    Raises:
        InputError: the array does not hold images.
    """
    images = _images(images)
    N, H, W = images.shape[:3]
    planes = (images[..., None] if images.ndim == 3 else images).astype(np.float32)
    middle = np.array([(H - 1) / 2, (W - 1) / 2])[:, None]
    places = np.indices((H, W)).reshape(2, -1) - middle
    all_views = [images]
    for degrees, size in OTHERS:
        cosine, sine = math.cos(math.radians(degrees)) / size, math.sin(math.radians(degrees)) / size
        source = np.array([[cosine, -sine], [sine, cosine]]) @ places + middle
        rows, columns = (np.tile(line.astype(np.float32), (N, 1)) for line in source)
        view = np.stack([resampled(planes[..., c], rows, columns) for c in range(planes.shape[3])], axis=3)
        all_views.append(np.rint(view).astype(np.uint8).reshape(images.shape))
    return np.stack(all_views)


def predict_views(network: Network, images: Array) -> Array:
    """The prediction of a network from the mean of its logits over the five views of each image; (N, M), as
    `predict_proba`.

    Compare `network.threshold` with the `evidence` in these probabilities.

    Shapes: images (N, H, W) or (N, H, W, C), uint8.

    Raises:
        InputError: the array does not hold images, or the network does not take them.

    Reference: Krizhevsky, Sutskever and Hinton 2012, "ImageNet classification with deep convolutional neural networks",
    section 4.1 (there the mean of the probabilities, over ten views).
    """
    images = _images(images)
    parts = [images[start : start + AT_ONCE] for start in range(0, max(1, len(images)), AT_ONCE)]
    logits = [np.mean([network.logits(view) for view in views(part)], axis=0) for part in parts]
    return network.loss.predict(np.concatenate(logits))


def evidence(probabilities: Array) -> Array:
    """The evidence for the answer to each example (N,): its largest logit minus the mean of all its logits.

    e = max_k log p_k - 1/C sum_k log p_k = max_k z_k - 1/C sum_k z_k

    Softmax subtracts the same number from all logits of an example, and this number cancels. The evidence is 0 if all
    classes are equally probable. It shows better than the largest probability whether an example belongs to any class:
    that probability is also small if two classes compete and all others are impossible.

    Shapes: probabilities (N, C), each row with sum 1. A probability of 0 counts as the smallest positive float32.

    Raises:
        InputError: these are not probabilities of classes.

    Reference: Hendrycks et al. 2022, "Scaling out-of-distribution detection for real-world settings", section 3
    (MaxLogit, there without the mean).
    """
    p = np.asarray(probabilities, np.float64)
    check_probabilities(p)
    log = np.log(np.maximum(p, np.finfo(np.float32).tiny))
    return log.max(axis=1) - log.mean(axis=1)


def check_probabilities(p: Array) -> None:
    """Raise InputError unless p holds the probabilities of classes (N, C) for at least one example."""
    fits = p.ndim == 2 and p.shape[0] > 0 and p.shape[1] > 1 and is_distribution(p)
    require(fits, f"expected the probabilities of classes (N, C), each row with sum 1, got an array of shape {p.shape}")


def _images(images: Array) -> Array:
    images = np.asarray(images)
    require(
        images.ndim in (3, 4) and images.dtype == np.uint8,
        f"views: expected images (N, H, W) or (N, H, W, C), uint8, got {images.dtype} of shape {images.shape}",
    )
    return images
