"""One example, every number: the output of each layer, and the gradient of each weight.

`example` makes an explanation: `equations` reads the equations of a layer from its docstring, `worked` puts the numbers
into them, `backward` computes the gradients, `neuron` follows one unit, `step` takes one training step, `text` writes
the result as text.
"""
