"""Attacks image by image, in the order of fra31/auto-attack's loops (DEFENCE 5.4-5.7).

Unlike the graphs these keep whole histories, sort kinks, and branch on one image's numbers.
"""
import math

import torch
import torch.nn.functional as F

from draws import fold, uniform


def dlr_targeted(z, y, t):
    best = z.sort(descending=True).values
    return -(z[y] - z[t]) / (best[0] - (best[2] + best[3]) / 2 + 1e-12)


def loss_of(z, y, t, kind):
    if kind == "ce":
        return F.cross_entropy(z[None], torch.tensor([y]))
    return dlr_targeted(z, y, t)


def project(x, z, epsilon, norm):
    if norm == "linf":
        return torch.clamp(z, x - epsilon, x + epsilon).clamp(0, 1)
    r = z - x
    return (x + r * min(epsilon / (r.norm().item() + 1e-12), 1.0)).clamp(0, 1)


def apgd(net, x, y, start, steps, epsilon, norm, kind, target=None):
    """One run on one image: last misclassified iterate (or x), best point, its loss."""

    def evaluate(z):
        z = z.clone().requires_grad_()
        logits = net(z[None])[0][0]
        value = loss_of(logits, y, target, kind)
        return value.item(), torch.autograd.grad(value, z)[0], logits.argmax().item() != y

    point = old = best = start
    value, slope, wrong = evaluate(point)
    found = point if wrong else None
    best_slope, best_loss, seen = slope, value, value
    size, period, since, reduced = 2 * epsilon, max(int(0.22 * steps), 1), 0, True
    history = [0.0]
    for turn in range(steps):
        share = 0.75 if turn else 1.0
        step = slope.sign() if norm == "linf" else slope / (slope.norm() + 1e-12)
        z = project(x, point + size * step, epsilon, norm)
        moved = project(
            x, point + share * (z - point) + (1 - share) * (point - old), epsilon, norm)
        old, point = point, moved
        value, slope, wrong = evaluate(point)
        history.append(value)
        if wrong:
            found = point
        if value > best_loss:
            best, best_slope, best_loss = point, slope, value
        since += 1
        if since == period:
            recent = history[-period - 1:]
            rises = sum(b > a for a, b in zip(recent, recent[1:]))
            halve = rises <= 0.75 * period or (not reduced and seen >= best_loss)
            reduced, seen = halve, best_loss
            if halve:
                size, point, slope = size / 2, best, best_slope
            since = 0
            period = max(period - max(int(0.03 * steps), 1), max(int(0.06 * steps), 1))
    return (x if found is None else found), best, best_loss


def apgd_starts(key, x, epsilon):
    """The linf starts of a run whose draws come from `key`."""
    t = uniform(fold(fold(key, 0), 0), 3, 32, 32, low=-1.0)
    return (x + epsilon * t / t.abs().amax((1, 2, 3), keepdim=True)).clamp(0, 1)


def shortest_move(t, w, b, norm):
    """Onto w·z = b inside the box: the kinks of the way made, in order."""
    shape, t, w = t.shape, t.flatten(), w.flatten()
    away = (w @ t - b).item()
    way = -1.0 if away >= 0 else 1.0
    heading = w.sign() * way
    room = torch.where(heading > 0, 1 - t, t)
    speed = torch.ones_like(w) if norm == "linf" else w.abs()
    kinks = torch.where(w != 0, room / torch.where(w != 0, speed, 1.0), torch.inf)
    reach, made, rate = 0.0, 0.0, (w.abs() * speed).sum().item()
    for i in kinks.argsort().tolist():
        if w[i] == 0 or made + rate * (kinks[i].item() - reach) >= abs(away):
            break
        made += rate * (kinks[i].item() - reach)
        reach = kinks[i].item()
        rate -= (w[i].abs() * speed[i]).item()
    if made < abs(away) and rate > 1e-15:
        reach += (abs(away) - made) / rate
    return (heading * torch.minimum(reach * speed, room)).view(shape)


def fab(net, x, y, steps, norm, target=None):
    """One run on one image from itself: the nearest misclassified point and its distance."""

    def length(r):
        return r.abs().max().item() if norm == "linf" else r.norm().item()

    point, found, distance = x, x, 1e10
    for _ in range(steps):
        z = point.clone().requires_grad_()
        logits = net(z[None])[0][0]
        choices = []
        for c in range(len(logits)):
            if c == y or (target is not None and c != target):
                continue
            gap = logits[c] - logits[y]
            w = torch.autograd.grad(gap, z, retain_graph=True)[0]
            dual = w.abs().sum() if norm == "linf" else w.norm()
            choices.append(((gap.abs() / (1e-12 + dual)).item(), c, gap.item(), w))
        _, _, gap, w = min(choices, key=lambda choice: choice[:2])
        b = (w * point).sum().item() - gap
        d1, d2 = shortest_move(point, w, b, norm), shortest_move(x, w, b, norm)
        a1, a2 = max(length(d1), 1e-8), max(length(d2), 1e-8)
        alpha = min(a1 / (a1 + a2), 0.1)
        point = ((1 - alpha) * (point + 1.05 * d1) + alpha * (x + 1.05 * d2)).clamp(0, 1)
        if net(point[None])[0][0].argmax().item() != y:
            if length(point - x) < distance:
                found, distance = point, length(point - x)
            point = x + 0.9 * (point - x)
    return found, distance


def square(net, x, y, key, queries, epsilon):
    """On one image, key [1, 2]: the point of the least margin and that margin."""

    def margin(z):
        logits = net(z[None])[0][0]
        return (logits[y] - torch.cat([logits[:y], logits[y + 1:]]).max()).item()

    stripes = torch.where(uniform(fold(key, 0), 3, 1, 32)[0] < 0.5, -epsilon, epsilon)
    best = (x + stripes).clamp(0, 1)
    least = margin(best)
    for i in range(queries):
        if least <= 0:
            break
        ends = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)
        p = 0.8 / 2 ** sum(i > end for end in ends)
        side = max(round(math.sqrt(p * 1024)), 1)
        u = uniform(fold(fold(key, 2), i), 5)[0].tolist()
        top, left = int(u[0] * (32 - side)), int(u[1] * (32 - side))
        z = best.clone()
        for c in range(3):
            change = -2 * epsilon if u[2 + c] < 0.5 else 2 * epsilon
            z[c, top:top + side, left:left + side] += change
        z = project(x, z, epsilon, "linf")
        value = margin(z)
        if value < least:
            best, least = z, value
    return best, least


def purify(x, total, steps, size, epsilon):
    """l2 steps down `total` from x itself that a gradient passes through (DEFENCE 2.1, 5.10)."""
    r = torch.zeros_like(x, requires_grad=True)
    for _ in range(steps):
        g = torch.autograd.grad(total(x + r).sum(), r, create_graph=True)[0]
        r = r - size * g / (g.flatten(1).norm(2, 1).view(-1, 1, 1, 1) + 1e-10)
        length = r.flatten(1).norm(2, 1).view(-1, 1, 1, 1)
        r = r * torch.where(length > epsilon, epsilon / (length + 1e-7), 1.0)
        r = torch.maximum(torch.minimum(r, 1 - x), -x)
    return x + r
