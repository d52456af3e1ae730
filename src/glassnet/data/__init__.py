"""Where examples come from: files, downloads, splits, pictures; in NumPy and the standard library."""
