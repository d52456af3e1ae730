"""Calibrated probabilities: of the predictions with probability 90 %, nine in ten should be correct.

A network that was trained for long is overconfident. To correct this, its logits are divided by one number, the
temperature. This changes no prediction. If the evidence is below a threshold, it is better to refuse the example.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet.nn.activations import softmax
from glassnet.nn.array import Array
from glassnet.nn.dense import Dense
from glassnet.nn.errors import InputError, require
from glassnet.nn.network import Network
from glassnet.nn.threads import matrix_threads, processors
from glassnet.reading.views import check_probabilities, evidence
from glassnet.train.metrics import as_examples

MOST_STEPS = 200  # of Newton's method, which usually needs about ten


@dataclass(frozen=True, eq=False)
class Reliability:
    """The bins of a reliability diagram: how often predictions with about the same probability are correct.

    Attributes:
        edges: the edges of the bins (B + 1,), from 0 to 1; bin m holds predictions with edges[m] < p <= edges[m + 1].
        count: the number of predictions in each bin (B,).
        confidence: the mean of their probabilities (B,); nan in an empty bin.
        accuracy: the fraction of them that is correct (B,); nan in an empty bin.
    """

    edges: Array
    count: Array
    confidence: Array
    accuracy: Array

    @property
    def error(self) -> float:
        """The expected calibration error, from 0 to 1: sum over bins of count / N times |accuracy - confidence|."""
        return float(np.nansum(self.count * np.abs(self.accuracy - self.confidence)) / self.count.sum())


def reliability(probabilities: Array, labels: Array, *, bins: int = 15) -> Reliability:
    """Sort the predictions into bins of equal width by their confidence, the largest probability of each row.

    conf(B_m) = 1 / |B_m| sum over i in B_m of max_k p_ik
    acc(B_m)  = 1 / |B_m| sum over i in B_m of 1 where argmax_k p_ik = y_i, else 0

    Shapes: probabilities (N, C), each row with sum 1; labels y (N,), integers from 0 to C - 1.

    Args:
        bins: the number of bins, at least 1.

    Raises:
        InputError: these are not probabilities of classes, or the labels do not fit them.

    Reference: Guo, Pleiss, Sun and Weinberger 2017, "On calibration of modern neural networks", section 2.
    """
    p, labels = np.asarray(probabilities, np.float64), np.asarray(labels)
    check_probabilities(p)
    require(
        labels.shape == p.shape[:1] and labels.dtype.kind in "iu",
        f"expected {len(p):,} labels, integers (N,), got {labels.dtype} of shape {labels.shape}",
    )
    low, high = labels.min(), labels.max()
    require(low >= 0 and high < p.shape[1], f"labels go from {low} to {high}, but there are {p.shape[1]} classes")
    require(isinstance(bins, int) and bins >= 1, f"bins must be a whole number of at least 1, got {bins!r}")
    edges = np.linspace(0, 1, bins + 1)
    largest = np.minimum(p.max(axis=1), 1)  # rounding can make it a little more
    place = np.searchsorted(edges, largest) - 1  # edges[place] < largest <= edges[place + 1]
    count = np.bincount(place, minlength=bins)
    divisor = np.where(count, count, np.nan)
    correct = p.argmax(axis=1) == labels
    confidence = np.bincount(place, weights=largest, minlength=bins) / divisor
    accuracy = np.bincount(place, weights=correct, minlength=bins) / divisor
    return Reliability(edges, count, confidence, accuracy)


def expected_calibration_error(probabilities: Array, labels: Array, *, bins: int = 15) -> float:
    """The mean difference between confidence and accuracy over the bins, from 0 to 1.

    ECE = sum over bins m of |B_m| / N  |acc(B_m) - conf(B_m)|

    with the bins, accuracies and confidences of `reliability`. Arguments and errors are the same as there.

    Reference: Guo et al. 2017, "On calibration of modern neural networks", equation 3.
    """
    return reliability(probabilities, labels, bins=bins).error


def calibrate(network: Network, examples: Any) -> float:
    """Calibrate a classifier: divide its logits by the temperature that fits best.

    T = argmin over T > 0 of 1/N sum_i -log softmax(z_i / T)_{y_i}      then W <- W / T, b <- b / T in the last layer

    The largest logit stays the largest, so every prediction stays the same, except for ties within rounding. Do not use
    the training examples, because the network is more confident on them than on others. The fit never uses label
    smoothing, even if the training did: it fits the probabilities of the labels themselves. Choose `network.threshold`
    after calibration, because calibration changes the evidence.

    Args:
        network: must end in a Dense layer and have the loss CrossEntropy; the weights of that layer are changed.
        examples: a split for validation or a pair (x, y), with labels.

    Returns:
        T: above 1 if the network was overconfident, below 1 if it was underconfident.

    Raises:
        InputError: another last layer or loss; no labels; no temperature is best, because all examples are correct or
            the network is no better than guessing.

    Reference: Guo et al. 2017, "On calibration of modern neural networks", section 4.2 (temperature scaling).
    """
    last = network.layers[-1]
    if not isinstance(last, Dense):
        raise InputError(
            f"calibrate: the last layer must be Dense, to be divided by T; here it is {type(last).__name__}"
        )
    require(
        network.loss.softmax,
        f"calibrate: a temperature belongs to CrossEntropy; the loss here is {type(network.loss).__name__}",
    )
    inputs, targets, rows = as_examples(examples, "calibrate", network)
    labels = targets[rows]
    network.loss.check(labels, network.output_shape[0], len(rows))
    require(labels.ndim == 1, f"calibrate: expected labels (N,), got targets of shape {labels.shape}")
    with matrix_threads(1):
        logits = network.logits(inputs, rows, workers=processors())
    T = best_temperature(logits, labels)
    last.divide_output(T)
    return T


def best_temperature(logits: Array, labels: Array) -> float:
    """The temperature T > 0 with the least mean cross-entropy of softmax(z / T).

    With beta = 1 / T and d_k = z_k - z_y, the lead of class k over the true class, the loss of an example is

    l = log sum_k exp(beta d_k)      dl/dbeta = sum_k p_k d_k      d2l/dbeta2 = sum_k p_k d_k^2 - (sum_k p_k d_k)^2

    where p = softmax(beta z). The second derivative is a variance, so it is never negative: l is convex in beta and has
    one minimum. Newton's method finds it. A step that would leave the bracket is replaced by bisection of the bracket.

    Shapes: logits z (N, C); labels y (N,).

    Raises:
        InputError: the minimum is at beta = infinity, because every label has the largest logit; or it is not above 0,
            because the logits are no better than guessing.
    """
    z = logits.astype(np.float64)
    lead = z - z[np.arange(len(z)), labels][:, None]  # (N, C)
    require(
        lead.mean() < 0,
        "calibrate: the network is no better than guessing on these examples: train it, or check the labels",
    )
    require(
        lead.max() > 0,
        f"calibrate: the network is right on all {len(z):,} examples, so it cannot be too sure of them: "
        "give it more examples, and none that it was trained on",
    )
    beta, low, high = 1.0, 0.0, math.inf
    for _ in range(MOST_STEPS):
        p = softmax(beta * lead)
        mean = (p * lead).sum(axis=1)
        slope, curvature = mean.mean(), ((p * lead**2).sum(axis=1) - mean**2).mean()
        low, high = (beta, high) if slope < 0 else (low, beta)
        following = beta - slope / curvature if curvature > 0 else math.inf
        if high == math.inf:
            following = min(following, 2 * beta)
        elif not low <= following <= high:
            following = (low + high) / 2
        if abs(following - beta) <= 1e-12 * beta:
            return float(1 / following)
        beta = following
    raise InputError(f"calibrate: no temperature in {MOST_STEPS} steps; the largest logit is {np.abs(z).max():.1e}")


def refusal_threshold(probabilities: Array, share: float) -> float:
    """The highest threshold that refuses at most this share of the examples.

    An example is refused if its evidence is below the threshold. Set `network.threshold` to the result. About the same
    share of other, similar examples is refused, and a larger share of digits on bad photos.

    Shapes: probabilities (N, C) of examples that were not in the training.

    Args:
        share: from 0 to below 1.

    Raises:
        InputError: these are not probabilities of classes, or the share is out of range.
    """
    require(0 <= share < 1, f"share must be from 0 to below 1, got {share}")
    ascending = np.sort(evidence(probabilities))
    refused = math.floor(share * len(ascending) + 1e-9)  # 0.29 x 100 is a little below 29
    return float(ascending[min(refused, len(ascending) - 1)])
