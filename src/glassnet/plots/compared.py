"""The figure of a comparison: the curves of several runs in the same axes."""

from typing import TYPE_CHECKING, Any

from glassnet.plots.figure import empty_figure, without_formulas
from glassnet.train.history import History

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def comparison(histories: dict[str, History]) -> "Figure":
    """Loss and accuracy by epoch, a colour for each run: validation data thick, training data thin.

    The loss is on a logarithmic scale, because the losses of runs may differ by orders of magnitude.

    Args:
        histories: the history of each run, by its name in the legend; runs without an epoch are left out.
    """
    from matplotlib import colormaps
    from matplotlib.lines import Line2D
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    known = {name: history for name, history in histories.items() if len(history)}
    panels = [("loss", "loss (mean)")]
    if any("training_accuracy" in history for history in known.values()):
        panels.append(("accuracy", "accuracy (%)"))
    figure = empty_figure(5.2 * len(panels), 3.8 + 0.2 * len(known) / 3)
    palette = colormaps["tab10" if len(known) <= 10 else "turbo"]
    colours = [palette(i if len(known) <= 10 else i / (len(known) - 1)) for i in range(len(known))]
    for axes, (value, title) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for history, colour in zip(known.values(), colours, strict=True):
            style: dict[str, Any] = {"color": colour, "marker": "o" if len(history) < 20 else "", "markersize": 3}
            for part, width in (("training", 0.8), ("validation", 2.0)):
                if f"{part}_{value}" in history:
                    values = [(100 if value == "accuracy" else 1) * v for v in history[f"{part}_{value}"]]
                    axes.plot(history["epoch"], values, linewidth=width, **style)
        axes.set(xlabel="epoch", title=title)
        if value == "loss" and all(min(line.get_ydata()) > 0 for line in axes.lines):
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
    lines = [Line2D([], [], color=colour, linewidth=2) for colour in colours]
    names = list(map(without_formulas, known))
    figure.legend(lines, names, loc="outside lower center", ncols=min(len(names), 3), frameon=False)
    figure.suptitle("validation data thick, training data thin", fontsize=10)
    return figure
