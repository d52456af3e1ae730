"""One example, every number: what each layer makes of it, and what each weight would learn from it.

Reading order: example puts an explanation together; given, thread and backward compute it; records holds it; equations
and worked write the numbers into equations; neuron follows one unit, step takes one step, text writes it all down.
"""
