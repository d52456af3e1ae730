"""One example, every number: what each layer makes of it, and what each weight would learn from it.

`example` puts an explanation together: `equations` takes the equations of a layer out of its docstring, `worked` writes
the numbers into them, `backward` brings the gradient back, `neuron` follows one unit, `step` takes one step,
`text` writes it all down.
"""
