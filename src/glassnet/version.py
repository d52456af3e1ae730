"""The version of the library, a leaf that every module may read."""

__version__ = "0.2.0"
