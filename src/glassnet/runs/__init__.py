"""Runs: training a recipe writes a folder, which can be read, compared and reported.

Reading order: folder, run, unfinished, comparison, report.
"""
