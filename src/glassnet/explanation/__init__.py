"""One example, every number: the output of each layer, and the gradient of each weight.

Reading order: example puts an explanation together; given, thread and backward compute it; records holds it; equations
and worked write the numbers into equations; neuron follows one unit, step takes one step, text writes it all down.
"""
