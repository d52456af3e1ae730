"""Many streams of random numbers from one seed, each with an address.

Weights, shuffling, augmentation and dropout each draw from their own stream. Its address is a purpose and a position,
such as a step. So the numbers at step 700 do not depend on earlier draws: a resumed run needs no generator state, and
the order of the workers does not matter.
"""

import numpy as np

from glassnet.nn.errors import require

PURPOSES = {"weights": 1, "shuffle": 2, "augment": 3, "dropout": 4, "probe": 5}


def random_stream(seed: int, purpose: str, *position: int) -> np.random.Generator:
    """The random numbers at one address.

    A counter-based generator (Philox, Salmon et al. 2011) turns (key, counter) into random bits. The key is
    (seed, purpose); the position fills the upper three words of the counter, and the lowest word counts the draws.

    Args:
        seed: 0 to 2**64 - 1.
        purpose: one of PURPOSES.
        position: up to three whole numbers, such as (step, shard, layer).
    """
    require(0 <= seed < 2**64, f"seed must be a whole number from 0 to 2**64 - 1, got {seed}")
    key = np.array([seed, PURPOSES[purpose]], dtype=np.uint64)
    counter = np.zeros(4, dtype=np.uint64)
    counter[1 : 1 + len(position)] = position
    return np.random.Generator(np.random.Philox(key=key, counter=counter))
