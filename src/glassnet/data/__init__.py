"""Datasets: files, downloads, splits, augmentation; in NumPy and the standard library.

Reading order: dataset, split, idx, csv, npz, cifar, emnist, digits, files, fetch, published, own, registry.
"""
