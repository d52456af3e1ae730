"""The glass box: layers, losses, optimizers and the network, in NumPy alone.

Reading order: layer, dense, activations, reshape, init, loss, entropy, regression, network, optim, schedule, gradcheck,
conv, pool, norm, dropout, penalty, decision.
"""
