"""Logits of the public networks at full size, up to 40 million parameters (DEFENCE 4).

Weights and images are not stored: each tensor is drawn by its place among the names, from numbers
that a few lines in any language make (SplitMix64; Steele, Lea, Flood 2014).
"""
import numpy as np
import torch

import published

LIMIT = 40_000_000


def uniform(seed, shape, low, high):
    """SplitMix64's numbers in low..<high, in f64, exact in f32."""
    count = int(np.prod(shape, dtype=np.int64))
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(
            0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    values = low + (high - low) * ((z >> np.uint64(11)) * 2.0**-53)
    return torch.from_numpy(values.astype(np.float32).astype(np.float64).reshape(shape))


def weighted(module):
    """Weights by the places of their names in order; counters do not count."""
    tensors = {k: v for k, v in module.state_dict().items() if not k.endswith("batches_tracked")}
    for place, name in enumerate(sorted(tensors)):
        shape = tuple(tensors[name].shape)
        if len(shape) > 1:
            bound = (6 / np.prod(shape[1:])) ** 0.5
            low, high = -bound, bound
        elif name.endswith("weight") or name.endswith("running_var"):
            low, high = 0.5, 1.5
        else:
            low, high = -0.3, 0.3
        tensors[name].copy_(uniform(place, shape, low, high))
    return module.eval()


def logits():
    """Of one image of noise, by the network's name."""
    found = {}
    for name, (make, shape) in published.networks().items():
        module = make().double()
        size = sum(p.numel() for p in module.parameters())
        # Heads take rows of features.
        if len(shape) < 3 or size > LIMIT:
            continue
        with torch.no_grad():
            found[name] = weighted(module)(uniform(1 << 32, (1, *shape), 0, 1))[0]
    return found
