"""A model that can be asked: a network and what is known about its input and its answers.

Reading order: model, answer, path, trained_on.
"""
