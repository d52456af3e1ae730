"""Converts pictures of handwriting into the form of the training digits, and makes five views of an image.

Reading order: drawing, picture, ink, sheet, ruled, pieces, views.
"""
