"""Self-supervised losses of one batch, one value an image (graphs/objectives)."""
import itertools

import torch
import torch.nn.functional as F

from draws import apply_view, draw_masks, draw_puzzles, draw_view, fold

COLOUR = (0.4914, 0.4822, 0.4465)
ORDERS = list(itertools.permutations(range(4)))


def nt_xent(z, views, positives="first", bank=None, temperature=0.2):
    """Rows view-major. The definition, row by row: no log-softmax, no masks."""
    n = len(z) // views
    e = F.normalize(z, dim=1)
    others = F.normalize(bank, dim=1) if bank is not None else None
    losses = []
    for image in range(n):
        total = 0.0
        own = [v * n + image for v in range(views)]
        for v, a in enumerate(own):
            rows = own if bank is not None else range(len(z))
            scores = [e[a] @ e[b] / temperature for b in rows if b != a]
            if others is not None:
                scores += list(others @ e[a] / temperature)
            partners = [b for b in own if b != a] if positives == "all" else [own[0 if v else 1]]
            near = sum(e[a] @ e[b] for b in partners) / len(partners) / temperature
            total = total + torch.logsumexp(torch.stack(scores), 0) - near
        losses.append(total / views)
    return torch.stack(losses)


def contrastive(net, heads, x, key, views, positives="first", bank=True):
    rows = torch.cat([apply_view(x, draw_view(fold(key, v))) for v in range(views)])
    z = heads.contrastive(net(rows)[1])
    return nt_xent(z, views, positives, heads.contrastive.bank if bank else None)


def rotation(net, heads, x):
    n = len(x)
    turns = torch.cat([torch.rot90(x, quarter, (2, 3)) for quarter in range(4)])
    labels = torch.arange(4).repeat_interleave(n)
    losses = F.cross_entropy(heads.rotation(net(turns)[2]), labels, reduction="none")
    return losses.view(4, n).mean(0)


def inpainting(net, heads, x):
    masked = x.clone()
    masked[:, :, 9:23, 9:23] = torch.tensor(COLOUR, dtype=x.dtype).view(1, 3, 1, 1)
    painted = heads.inpainting(net(masked)[2])
    return ((painted - x[:, :, 8:24, 8:24]) ** 2).mean((1, 2, 3))


def separate_rotation(net, x, constants=None):
    """As `rotation`, by a network of its own; `constants` are means and deviations."""
    n = len(x)
    if constants:
        means, deviations = (torch.tensor(c, dtype=x.dtype).view(3, 1, 1) for c in constants)
        x = (x - means) / deviations
    turns = torch.cat([torch.rot90(x, quarter, (2, 3)) for quarter in range(4)])
    labels = torch.arange(4).repeat_interleave(n)
    return F.cross_entropy(net(turns)[0], labels, reduction="none").view(4, n).mean(0)


def separate_inpainting(net, x):
    """The context encoder's loss, on the 128×128 image as DEFENCE 3.3 words it."""
    large = x.repeat_interleave(4, 2).repeat_interleave(4, 3)
    masked = large.clone()
    for channel, level in enumerate((117, 104, 123)):
        masked[:, channel, 36:92, 36:92] = 2 * level / 255 - 1
    return ((net(masked) - large[:, :, 32:96, 32:96]) ** 2).mean((1, 2, 3))


def filled(x):
    """Images as large as x of the mean colour."""
    return torch.tensor(COLOUR, dtype=x.dtype).view(1, 3, 1, 1).expand(x.shape).clone()


def random_mask(net, heads, x, hidden):
    """hidden [q * n, 8, 8]."""
    rows = x.repeat(len(hidden) // len(x), 1, 1, 1)
    masked, m = rows.clone(), torch.zeros_like(rows)
    for row, down, across in hidden.nonzero().tolist():
        place = (row, slice(None), slice(4 * down, 4 * down + 4), slice(4 * across, 4 * across + 4))
        m[place] = 1
        masked[place] = filled(x)[0, :, :4, :4]
    painted = torch.sigmoid(heads.mask(net(masked)[2]))
    values = (m * (rows - painted) ** 2).sum((1, 2, 3)) / m.sum((1, 2, 3))
    return values.view(-1, len(x)).mean(0)


def puzzle(x, order, offsets):
    """Place k shows 14 x 14 pixels of tile order[k], framed. One puzzle an image."""
    shown = filled(x)
    for i in range(len(x)):
        for place in range(4):
            tile = int(order[i, place])
            top = 16 * (tile // 2) + int(offsets[i, place, 0])
            left = 16 * (tile % 2) + int(offsets[i, place, 1])
            down, across = 16 * (place // 2) + 1, 16 * (place % 2) + 1
            shown[i, :, down:down + 14, across:across + 14] = \
                x[i, :, top:top + 14, left:left + 14]
    return shown


def jigsaw(net, heads, x, order, offsets):
    """order [q * n, 4], offsets [q * n, 4, 2]."""
    rows = x.repeat(len(order) // len(x), 1, 1, 1)
    labels = torch.tensor([ORDERS.index(tuple(p)) for p in order.tolist()])
    scores = heads.jigsaw(net(puzzle(rows, order, offsets))[2])
    return F.cross_entropy(scores, labels, reduction="none").view(-1, len(x)).mean(0)


def colorization(net, heads, x):
    red, green, blue = x.unbind(1)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    painted = 0.5 * torch.tanh(heads.colour(net(luma[:, None].expand(x.shape))[2]))
    target = torch.stack([0.564 * (blue - luma), 0.713 * (red - luma)], 1)
    return ((painted - target) ** 2).mean((1, 2, 3))


def further(net, heads, x, key, masks=2, puzzles=4):
    """The three losses as a purifier draws them."""
    return (random_mask(net, heads, x, draw_masks(key, masks)),
            jigsaw(net, heads, x, *draw_puzzles(key, puzzles)), colorization(net, heads, x))


def slope(losses, x):
    return torch.autograd.grad(losses.sum(), x)[0]


def margin(logits, y):
    own = logits.gather(1, y[:, None])[:, 0]
    other = logits.scatter(1, y[:, None], float("-inf")).max(1).values
    return -F.relu(own - other + 50)


def search(x, gain, steps, size, epsilon, norm):
    """Projected steps along the gradient of `gain` from x itself (DEFENCE 2.1, 5.2)."""
    r = torch.zeros_like(x)
    for _ in range(steps):
        r = r.detach().requires_grad_()
        g = slope(gain(x + r), r)
        if norm == "linf":
            r = (r + size * g.sign()).clamp(-epsilon, epsilon)
        else:
            order = {"l2": 2, "l1": 1}[norm]
            r = r + size * g / (g.flatten(1).norm(order, 1).view(-1, 1, 1, 1) + 1e-10)
            r = torch.renorm(r, order, 0, epsilon)
        r = torch.maximum(torch.minimum(r, 1 - x), -x).detach()
    return x + r


def alternating(net, heads, x, key, steps, direction, size, epsilon=16 / 255):
    """DEFENCE 2.5 from x itself: contrastive, then rotation (odd steps) or inpainting (even)."""
    r = torch.zeros_like(x)

    def moved(r, by):
        r = (r - by).clamp(-epsilon, epsilon)
        return torch.maximum(torch.minimum(r, 1 - x), -x)

    for step in range(steps):
        r = r.detach().requires_grad_()
        c = contrastive(net, heads, x + r, fold(key, step + 1), 4)
        t, p = 50 * rotation(net, heads, x + r), 10 * inpainting(net, heads, x + r)
        total = c + t + p
        slopes = [torch.autograd.grad(value.sum(), r, retain_graph=True)[0] for value in (c, t, p)]
        if direction == "sign":
            r = moved(r.detach(), size * sum(g.sign() for g in slopes) / 3)
            continue
        other = (slopes[1], t) if step % 2 else (slopes[2], p)
        r = r.detach()
        for g, value in ((slopes[0], c), other):
            axes = (1, 2, 3) if direction == "image_max" else (1,)
            share = (value / total).detach().view(-1, 1, 1, 1)
            largest = g.abs().amax(axes, keepdim=True).clamp_min(1e-12)
            r = moved(r, size * share * g / largest)
    return x + r
