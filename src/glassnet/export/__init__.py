"""Networks in the forms of other programs: ONNX, which runs nearly everywhere, and PyTorch, there and back."""
