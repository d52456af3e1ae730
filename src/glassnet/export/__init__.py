"""Exports networks to ONNX, which runs nearly everywhere, and exports to and imports from PyTorch."""
