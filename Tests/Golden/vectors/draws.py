"""Randomness as Docs/language.md defines it, and the views that are drawn with it."""
import math

import numpy as np
import torch
import torch.nn.functional as F

MASK = np.uint64(0xFFFFFFFF)


def threefry(key, counter):
    """Threefry-2x32, 20 rounds, on arrays [..., 2] of words held in uint64 (Salmon et al., 2011)."""
    k0, k1 = key[..., 0], key[..., 1]
    schedule = [k0, k1, k0 ^ k1 ^ np.uint64(0x1BD11BDA)]
    a, b = (counter[..., 0] + k0) & MASK, (counter[..., 1] + k1) & MASK
    for group in range(5):
        for turn in [(13, 15, 26, 6), (17, 29, 16, 24)][group % 2]:
            a = (a + b) & MASK
            b = ((b << np.uint64(turn)) | (b >> np.uint64(32 - turn))) & MASK
            b = a ^ b
        a = (a + schedule[(group + 1) % 3]) & MASK
        b = (b + schedule[(group + 2) % 3] + np.uint64(group + 1)) & MASK
    return np.stack([a, b], -1)


def fold(key, data):
    counter = np.zeros_like(key)
    counter[..., 1] = data
    return threefry(key, counter)


def seeded(seed, count):
    """What `--seed` fills a key[count] input with."""
    base = np.array([seed >> 32, seed & 0xFFFFFFFF], np.uint64)
    return fold(np.tile(base, (count, 1)), np.arange(count))


def bits(key, *shape):
    """key [n, 2] -> [n, *shape], each leading index from its own key."""
    size = math.prod(shape)
    index = np.arange(size, dtype=np.uint64)
    counter = np.stack([index >> np.uint64(32), index & MASK], -1)
    words = threefry(key[:, None, :], np.broadcast_to(counter, (len(key), size, 2)))
    return (words[..., 0] ^ words[..., 1]).reshape(len(key), *shape)


def uniform(key, *shape, low=0.0, high=1.0):
    u = (bits(key, *shape) >> np.uint64(9)).astype(np.float64) * 2.0 ** -23
    return torch.from_numpy(low + u * (high - low))


def permutation(key, count):
    return torch.from_numpy(np.argsort(bits(key, count), axis=-1, kind="stable")).int()


def draw_box(key):
    """DEFENCE 3.1, item 1, try by try. Rows of top, left, height, width."""
    area = uniform(fold(key, 0), 10, low=0.08) * 1024
    bound = math.log(4 / 3)
    ratio = torch.exp(uniform(fold(key, 1), 10, low=-bound, high=bound))
    across, down = uniform(fold(key, 2)), uniform(fold(key, 3))
    boxes = []
    for i in range(len(key)):
        height = width = 32
        for a, r in zip(area[i].tolist(), ratio[i].tolist()):
            w, h = round(math.sqrt(a * r)), round(math.sqrt(a / r))
            if 1 <= w <= 32 and 1 <= h <= 32:
                height, width = h, w
                break
        top, left = int(across[i] * (33 - height)), int(down[i] * (33 - width))
        boxes.append([top, left, height, width])
    return torch.tensor(boxes, dtype=torch.float64)


def draw_view(key):
    jitter = fold(key, 2)
    factors = [uniform(fold(jitter, 1), 3, low=0.2, high=1.8),
               uniform(fold(jitter, 2), 1, low=-0.2, high=0.2)]
    return {
        "boxes": draw_box(fold(key, 0)), "flipped": uniform(fold(key, 1)) < 0.5,
        "order": permutation(fold(jitter, 0), 4), "factors": torch.cat(factors, 1),
        "greyed": uniform(fold(key, 3)) < 0.2,
    }


def draw_masks(key, masks):
    """Hidden patches [masks * n, 8, 8], mask-major."""
    own = fold(key, 65536)
    rows = [permutation(fold(own, q), 64) < 32 for q in range(masks)]
    return torch.cat(rows).view(-1, 8, 8)


def draw_puzzles(key, puzzles):
    """Orders [puzzles * n, 4] and offsets [puzzles * n, 4, 2], puzzle-major."""
    own = fold(key, 65537)
    keys = [fold(own, q) for q in range(puzzles)]
    order = torch.cat([permutation(fold(k, 0), 4) for k in keys])
    return order, torch.cat([uniform(fold(k, 1), 4, 2, high=3.0).floor() for k in keys])


def grey(x):
    return (0.2989 * x[0] + 0.587 * x[1] + 0.114 * x[2])[None]


def blend(a, b, factor):
    return (factor * a + (1 - factor) * b).clamp(0, 1)


def turn_hue(x, turn):
    value, low = x.max(0).values, x.min(0).values
    flat, chroma = value == low, value - low
    one = torch.ones_like(value)
    depth = chroma / torch.where(flat, one, value)
    r, g, b = (value - x) / torch.where(flat, one, chroma)
    side = torch.where(x[1] == value, 2 + r - b, 4 + g - r)
    angle = (torch.where(x[0] == value, b - g, side) / 6 + 1) % 1
    turned = (angle + turn) % 1 * 6
    sector = turned.floor()
    part = turned - sector
    p, q, t = [(value * (1 - depth * k)).clamp(0, 1) for k in (one, part, 1 - part)]
    table = [(value, t, p), (q, value, p), (p, value, t), (p, q, value), (t, p, value),
             (value, p, q)]
    rows = [torch.stack(colours) for colours in table]
    return sum(torch.where(sector % 6 == i, rows[i], 0.0) for i in range(6))


def apply_view(x, draw):
    """Crop and resize, flip, jitter, grey, image by image. Shapes: x [n, 3, 32, 32]."""
    images = []
    for i, image in enumerate(x):
        top, left, height, width = [int(v) for v in draw["boxes"][i]]
        part = image[None, :, top:top + height, left:left + width]
        y = F.interpolate(part, size=(32, 32), mode="bilinear", align_corners=False)[0]
        if draw["flipped"][i]:
            y = y.flip(2)
        b, c, s, h = draw["factors"][i]
        for change in draw["order"][i].tolist():
            if change == 0:
                y = (b * y).clamp(0, 1)
            elif change == 1:
                y = blend(y, grey(y).mean(), c)
            elif change == 2:
                y = blend(y, grey(y), s)
            else:
                y = turn_hue(y, h)
        images.append(grey(y).expand(3, 32, 32) if draw["greyed"][i] else y)
    return torch.stack(images)
