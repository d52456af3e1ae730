"""Recipes: a network, its data and its training as one small text file.

A recipe is a TOML file; the named ones lie in this folder. Reading one checks every key and value, so a slip of the pen
is found before training starts, not after.
"""
