"""A model: a network and what is known about its input and its output.

Reading order: model, answer, path, trained_on.
"""
