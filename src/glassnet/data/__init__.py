"""Where examples come from: files, downloads, splits, pictures; in NumPy and the standard library.

Reading order: dataset, split, idx, csv, npz, cifar, emnist, digits, files, fetch, published, own, registry; and for
pictures: drawing, picture.
"""
