"""The core: layers, losses, optimizers and the network, written with NumPy only.

Reading order: layer, dense, activations, reshape, init, loss, entropy, regression, network, optim, schedule, gradcheck,
conv, pool, norm, dropout, penalty, decision.
"""
