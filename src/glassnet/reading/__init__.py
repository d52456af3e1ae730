"""Converts pictures of handwriting into the form of the training digits, and makes five views of an image.

Reading order: picture, drawing, ink, digit, sheet, ruled, pale, pieces, steps, readings, views.
"""
