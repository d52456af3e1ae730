"""Figures of a sweep: the values of its trials, each setting against them, which settings matter; a rising rate."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from glassnet.plots.figure import QUIET, TRAINING, VALIDATION, empty_figure, without_formulas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_LABEL = 18  # characters of a choice below an axis
FAR = 4.0  # values worse than the median by so many times the distance from median to best are beyond the axis


class Point(NamedTuple):
    """A trial in a figure: its number, its value, whether it ended early, and whether it is the best."""

    number: int
    value: float
    early: bool
    best: bool = False


def trials(points: Sequence[Point], *, title: str, rises: bool) -> "Figure":
    """The value of each trial, and the best one so far.

    Args:
        title: of the values.   rises: whether higher values are better.
    """
    figure = empty_figure(6.4, 3.6)
    axes: Any = figure.subplots()
    _scatter(axes, [point.number for point in points], points)
    complete = [point for point in points if not point.early]
    best = (np.maximum if rises else np.minimum).accumulate([point.value for point in complete])
    places = [*(point.number for point in complete), max(point.number for point in points)]
    axes.step(places, [*best, best[-1]], where="post", color=VALIDATION, linewidth=1.8, label="best so far")
    axes.set(xlabel="trial", ylabel=title)
    _limits(axes, points, rises=rises)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(frameon=False)
    return figure


def setting(
    name: str,
    values: Sequence[Any],
    points: Sequence[Point],
    *,
    title: str,
    rises: bool,
    log: bool,
    choices: Sequence[str],
) -> "Figure":
    """The values of all trials against one of their settings.

    Args:
        values: the setting of each trial: numbers, or the texts of choices.   log: whether its axis is logarithmic.
        choices: the texts of all choices, if it has any.   title, rises: as in `trials`.
    """
    figure = empty_figure(4.4, 3.4)
    axes = figure.subplots()
    places = values
    if choices:
        spread = np.random.default_rng(0).uniform(-0.15, 0.15, len(values))  # so that equal values can be told apart
        places = [choices.index(value) + shift for value, shift in zip(values, spread, strict=True)]
        labels = [n if len(n) <= MOST_LABEL else f"{n[: MOST_LABEL - 3]}..." for n in map(without_formulas, choices)]
        axes.set_xticks(range(len(choices)), labels, rotation=20 if len(choices) > 3 else 0)
        axes.set_xlim(-0.5, len(choices) - 0.5)
    _scatter(axes, places, points)
    if log:
        _log(axes)
    axes.set(xlabel=without_formulas(name), ylabel=title)
    _limits(axes, points, rises=rises)
    axes.legend(frameon=False, fontsize=8)
    return figure


def importance(shares: Mapping[str, float]) -> "Figure":
    """How much each setting tells the best trials from the others, from 0 to 1."""
    figure = empty_figure(5.2, 0.9 + 0.4 * len(shares))
    axes = figure.subplots()
    names = [without_formulas(name) for name in shares]
    bars = axes.barh(names[::-1], list(shares.values())[::-1], color=TRAINING)
    axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.set(xlim=(0, 1.12), title="importance")
    axes.grid(axis="x", alpha=0.3)
    return figure


def rates(
    rates: Sequence[float], losses: Sequence[float], smooth: Sequence[float], suggested: float | None
) -> "Figure":
    """The loss of each step while the learning rate rises from step to step.

    Args:
        rates, losses: of each step.   smooth: the losses as a running mean.   suggested: the rate that is suggested.
    """
    figure = empty_figure(6.4, 3.6)
    axes = figure.subplots()
    axes.plot(rates, losses, color=TRAINING, linewidth=0.8, alpha=0.5, label="loss of each step")
    axes.plot(rates, smooth, color=TRAINING, linewidth=2.0, label="running mean")
    if suggested is not None:
        axes.axvline(suggested, color=VALIDATION, linestyle="--", label=f"suggested: {suggested:.2g}")
    low, first = min(smooth), smooth[0]
    room = max(first - low, 0.01 * abs(first), 1e-9)
    axes.set(xlabel="learning rate", ylabel="loss", ylim=(low - 0.2 * room, first + 0.5 * room))
    _log(axes)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    return figure


def _log(axes: Any) -> None:
    """A logarithmic axis with plain numbers."""
    from matplotlib.ticker import NullFormatter, StrMethodFormatter

    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _scatter(axes: Any, places: Sequence[Any], points: Sequence[Point]) -> None:
    pairs = list(zip(places, points, strict=True))
    kinds: list[tuple[str, Any, dict[str, Any]]] = [
        ("complete", lambda point: not point.early and not point.best, {"color": TRAINING}),
        ("ended early", lambda point: point.early, {"color": QUIET, "marker": "x"}),
        ("best", lambda point: point.best, {"color": VALIDATION, "marker": "*", "s": 90, "zorder": 3}),
    ]
    for label, holds, style in kinds:
        those = [(place, point.value) for place, point in pairs if holds(point)]
        if those:
            axes.scatter(*zip(*those, strict=True), label=label, **({"s": 22, "alpha": 0.8} | style))
    axes.grid(alpha=0.3)


def _limits(axes: Any, points: Sequence[Point], *, rises: bool) -> None:
    """Cut the axis where a few bad trials would press all others together."""
    values = np.array([point.value for point in points])
    if len(values) < 4:
        return
    best, middle = (values.max() if rises else values.min()), float(np.median(values))
    far = middle - FAR * (best - middle)
    outside = values < far if rises else values > far
    if outside.any() and not outside.all():
        inside = values[~outside]
        margin = 0.05 * (inside.max() - inside.min()) or 1e-3
        axes.set_ylim(inside.min() - margin, inside.max() + margin)
        axes.set_xlabel(
            f"{axes.get_xlabel()}\n{int(outside.sum())} of {len(values)} trials are worse, and not shown", fontsize=9
        )
