"""Runs: a recipe is trained and leaves a folder, which is read, compared and reported.

Reading order: folder, run, unfinished, comparison, report.
"""
