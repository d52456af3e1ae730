"""Searches over the settings of a recipe; `glassnet.sweeps.sweep` describes the folder of a sweep."""
