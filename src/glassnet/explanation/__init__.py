"""One example, every number: what each layer makes of it, and what each weight would learn from it.

`example` computes, `equations` puts the numbers into the equations of the layers, `text` writes it all down.
"""
