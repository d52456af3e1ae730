"""One example, every number: what each layer makes of it, and what each weight would learn from it.

`example` puts an explanation together: `equations` writes the numbers into the equations of the layers, `backward`
brings the gradient back, `neuron` follows one unit, `text` writes it all down.
"""
