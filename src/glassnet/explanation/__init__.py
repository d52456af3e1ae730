"""One example, every number: the output of each layer, and the gradient of each weight.

Reading order: example puts an explanation together; given, passes, thread and backward compute it; records holds it;
equations and worked write the numbers into equations; reads says where they come from; neuron follows one unit, step
takes one step, text writes it all down.
"""
