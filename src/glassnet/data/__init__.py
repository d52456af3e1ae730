"""Datasets: files, downloads, splits and augmentation, with NumPy and the standard library only.

Reading order: dataset, split, idx, csv, npz, cifar, emnist, digits, files, fetch, published, own, registry.
"""
