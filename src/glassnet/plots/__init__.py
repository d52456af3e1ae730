"""Figures of results.

Each function takes results and returns a Matplotlib figure; `save` writes one as a PNG. No function needs a screen.
"""

from glassnet.plots.classes import confusion, mistakes, predictions, sheet
from glassnet.plots.compared import comparison
from glassnet.plots.curves import curve, curves
from glassnet.plots.explained import explanation
from glassnet.plots.figure import PlotError, as_png, as_svg, available, require, save
from glassnet.plots.regression import predicted, residuals
from glassnet.plots.reliability import reliability
from glassnet.plots.searched import Point, importance, rates, setting, trials
from glassnet.plots.thresholds import column_importance, thresholds
from glassnet.plots.variants import variants
from glassnet.plots.weights import first_layer, weight_histogram, weight_mosaic

__all__ = [
    "PlotError",
    "Point",
    "as_png",
    "as_svg",
    "available",
    "column_importance",
    "comparison",
    "confusion",
    "curve",
    "curves",
    "explanation",
    "first_layer",
    "importance",
    "mistakes",
    "predicted",
    "predictions",
    "rates",
    "reliability",
    "require",
    "residuals",
    "save",
    "setting",
    "sheet",
    "thresholds",
    "trials",
    "variants",
    "weight_histogram",
    "weight_mosaic",
]
