"""A model: a network and what is known about its input and its output.

Reading order: model, answer, judge, path, trained_on.
"""
