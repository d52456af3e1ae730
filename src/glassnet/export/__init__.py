"""Exports networks to one HTML file and to ONNX, which run nearly everywhere, and to and from PyTorch."""
