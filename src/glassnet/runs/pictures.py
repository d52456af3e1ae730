"""Draws the pictures of a run into files."""

from pathlib import Path

from glassnet import plots
from glassnet.nn.array import Array
from glassnet.nn.network import Network
from glassnet.train.history import History
from glassnet.train.metrics import Evaluation
from glassnet.train.regression import RegressionEvaluation


def draw(
    folder: Path, network: Network, history: History, result: Evaluation | RegressionEvaluation, images: Array
) -> list[Path]:
    """Draw every picture of a run into this folder; return the files."""
    folder.mkdir(exist_ok=True)
    if isinstance(result, RegressionEvaluation):
        figures = {"predicted": plots.predicted(result), "residuals": plots.residuals(result)}
    else:
        figures = {"confusion": plots.confusion(result)}
    if len(history):
        figures["curves"] = plots.curves(history)
    if images.ndim > 2 and isinstance(result, Evaluation):
        figures["predictions"] = plots.predictions(images, result)
        figures["mistakes"] = plots.mistakes(images, result)
        first = plots.first_layer(network, images.reshape(len(images), -1).std(axis=0))
        figures |= {"first-layer": first} if first else {}
    paths = []
    for name, figure in figures.items():
        paths.append(folder / f"{name}.png")
        plots.save(figure, paths[-1])
    return paths + (draw_thresholds(folder, result) if isinstance(result, Evaluation) else [])


def draw_thresholds(folder: Path, result: Evaluation) -> list[Path]:
    """Draw what the thresholds between two classes give; nothing if there are more."""
    if result.curve() is None:
        return []
    folder.mkdir(exist_ok=True)
    plots.save(plots.thresholds(result), folder / "thresholds.png")
    return [folder / "thresholds.png"]
