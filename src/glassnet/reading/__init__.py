"""Pictures of handwriting, brought into the form of the digits that networks learn from, and looked at in five views.

Reading order: drawing, picture, ink, sheet, ruled, pieces, views.
"""
