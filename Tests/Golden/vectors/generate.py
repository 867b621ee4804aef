"""Writes the vectors of this folder with PyTorch: python3 generate.py

Everything is computed in f64 on the CPU from weights and inputs that the stored types hold exactly.
README.md says what each file holds and which graph it belongs to.
"""
import json
import pathlib
import struct

import numpy as np
import torch
import torch.nn.functional as F

import attacks
import full
import losses
import published
from draws import apply_view, draw_masks, draw_puzzles, draw_view, seeded
from networks import (
    FurtherHeads, Heads, PreActResNet18, ResNet20, WideResNet, draw_weights, state)

HERE = pathlib.Path(__file__).resolve().parent
ATTACK = 8 / 255
NAMES = {np.float32: "F32", np.float16: "F16", np.int32: "I32", np.bool_: "BOOL"}


def save(name, tensors, half=()):
    """Writes a .safetensors file, tensors in order of name; those in `half` as F16."""
    header, body = {}, b""
    for key in sorted(tensors):
        value = tensors[key].detach()
        if value.is_floating_point():
            value = value.half() if key in half else value.float()
        array = value.numpy()
        data = np.ascontiguousarray(array).tobytes()
        header[key] = {"dtype": NAMES[array.dtype.type], "shape": list(array.shape),
                       "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    (HERE / f"{name}.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + body)


def images(count, seed):
    """Smooth colours with some noise, in (0, 1), exact in f32."""
    g = torch.Generator().manual_seed(seed)
    coarse = torch.randn(count, 3, 6, 6, generator=g, dtype=torch.float64)
    fine = torch.randn(count, 3, 32, 32, generator=g, dtype=torch.float64)
    smooth = F.interpolate(coarse, size=(32, 32), mode="bicubic", align_corners=True)
    return torch.sigmoid(1.3 * smooth + 0.2 * fine).float().double()


def network(name, net, seed, half):
    """Weights; logits, features, map and the input's gradient of the mean cross-entropy."""
    draw_weights(net.double(), seed, half)
    x, y = images(2, seed + 1).requires_grad_(), torch.tensor([3, 7])
    logits, features, map = net(x)
    loss = F.cross_entropy(logits, y)
    weights = state(net)
    save(f"{name}.weights", weights, half=weights if half else ())
    save(name, {"x": x, "y": y.int(), "logits": logits, "features": features, "map": map,
                "loss": loss, "slope": losses.slope(loss, x)})


def training(net):
    """One SGD step in training mode; what a handful of tensors are afterwards."""
    net.train()
    x, y = images(4, 31), torch.tensor([0, 2, 5, 9])
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    logits = net(x)[0]
    loss = F.cross_entropy(logits, y)
    loss.backward()
    optimiser.step()
    after = state(net)
    net.eval()
    kept = ["conv1.weight", "layer1.0.bn1.weight", "layer1.0.bn1.running_mean",
            "layer1.0.bn1.running_var", "layer2.0.shortcut.0.weight", "layer4.1.bn2.bias",
            "layer4.1.bn2.running_mean", "layer4.1.bn2.running_var", "bn.running_var",
            "linear.weight", "linear.bias"]
    found = {f"after.{k}": after[k] for k in kept}
    hits = (logits.argmax(1) == y).double().mean()
    save("training", {"x": x, "y": y.int(), "loss": loss, "accuracy": hits, **found})


def norm():
    """Batch norm in training mode and its gradients, on small numbers."""
    g = torch.Generator().manual_seed(41)
    x = torch.randn(4, 3, 5, 5, generator=g).double().requires_grad_()
    seed = torch.randn(4, 3, 5, 5, generator=g).double()
    layer = draw_weights(torch.nn.Sequential(torch.nn.BatchNorm2d(3)).double(), 42)[0]
    before = state(layer)
    layer.train()
    y = layer(x)
    dx, dw, db = torch.autograd.grad((y * seed).sum(), [x, layer.weight, layer.bias])
    after = {f"after.{k}": v for k, v in state(layer).items() if k.startswith("running")}
    save("norm", {"x": x, "seed": seed, "y": y, "dx": dx, "dweight": dw, "dbias": db, **before,
                  **after})


def heads_of(net):
    """Losses of the heads on the tiny network, inference and training mode, and their gradients."""
    heads = draw_weights(Heads(32).double(), 51, half=True)
    weights = state(heads, "heads.")
    save("heads.weights", weights, half=weights)
    x = images(2, 52).requires_grad_()
    found = {"x": x}
    for task in ("rotation", "inpainting"):
        value = getattr(losses, task)(net, heads, x)
        found[task], found[f"{task}_slope"] = value, losses.slope(value, x)
        heads.train()
        value = getattr(losses, task)(net, heads, x)
        found[f"{task}_train"], found[f"{task}_train_slope"] = value, losses.slope(value, x)
        heads.load_state_dict(
            {k.removeprefix("heads."): v for k, v in weights.items()}, strict=False)
        heads.eval()
    for views, positives, bank in ((4, "first", True), (4, "all", True), (2, "first", False)):
        value = losses.contrastive(net, heads, x, seeded(0, 2), views, positives, bank)
        name = f"contrastive_{'bank' if bank else 'batch'}_{positives}_{views}"
        found[name], found[f"{name}_slope"] = value, losses.slope(value, x)
    save("heads", found)
    return heads


def views():
    """Draws from keys of seed 7, and the views they make."""
    key = seeded(7, 4)
    x = images(4, 61).requires_grad_()
    draw = draw_view(key)
    draw["flipped"][0], draw["greyed"][1] = True, True
    y = apply_view(x, draw)
    g = torch.Generator().manual_seed(62)
    seed = torch.randn(4, 3, 32, 32, generator=g).half().double()
    drawn = {f"drawn.{k}": v for k, v in draw_view(key).items()}
    dx = torch.autograd.grad((y * seed).sum(), x)[0]
    save("views", {"x": x, "seed": seed, "y": y, "dx": dx, **draw, **drawn}, half=("seed",))


def embeddings():
    """NT-Xent on given embeddings."""
    g = torch.Generator().manual_seed(71)
    z = torch.randn(12, 8, generator=g).double().requires_grad_()
    bank = torch.randn(16, 8, generator=g).double()
    found = {"z": z, "bank": bank}
    for count in (2, 4):
        for positives in ("first", "all"):
            for kind, rows in (("batch", None), ("bank", bank)):
                value = losses.nt_xent(z, count, positives, rows)
                name = f"{kind}_{positives}_{count}"
                found[name], found[f"{name}_slope"] = value, losses.slope(value, z)
    save("nt_xent", found)


def optimisers():
    """Three steps of a linear fit; the parameters after each."""
    g = torch.Generator().manual_seed(81)
    x = torch.randn(8, 4, generator=g).double()
    y = torch.randn(8, 1, generator=g).double()
    weight, bias = torch.randn(1, 4, generator=g).double(), torch.randn(1, generator=g).double()
    rates = [0.1, 0.05, 0.025]
    found = {"x": x, "y": y, "model.weight": weight, "model.bias": bias,
             "rates": torch.tensor(rates)}
    kinds = {
        "sgd": lambda p: torch.optim.SGD(p, lr=1, momentum=0.9),
        "nesterov": lambda p: torch.optim.SGD(
            p, lr=1, momentum=0.9, nesterov=True, weight_decay=0.01),
        "adam": lambda p: torch.optim.Adam(p, lr=1),
    }
    for kind, make in kinds.items():
        w, b = weight.clone().requires_grad_(), bias.clone().requires_grad_()
        optimiser = make([w, b])
        for turn, rate in enumerate(rates):
            optimiser.param_groups[0]["lr"] = rate
            optimiser.zero_grad()
            loss = ((F.linear(x, w, b) - y) ** 2).mean()
            loss.backward()
            optimiser.step()
            found[f"{kind}.{turn + 1}.loss"] = loss.detach()
            found[f"{kind}.{turn + 1}.weight"] = w.detach().clone()
            found[f"{kind}.{turn + 1}.bias"] = b.detach().clone()
    save("optimisers", found)


def searches(net, heads):
    """Purification by rotation and inpainting, and PGD, both from the image itself."""
    x, y = images(2, 91), torch.tensor([1, 8])
    found = {"x": x, "y": y.int()}

    def total(z):
        return -losses.rotation(net, heads, z) - 10 * losses.inpainting(net, heads, z)

    for norm, epsilon, size in (("linf", 16 / 255, 2 / 255), ("l2", 1.0, 0.1)):
        for steps in (1, 5, 10):
            found[f"purified_{norm}_{steps}"] = losses.search(
                x, total, steps, size, epsilon, norm)
    gains = {"ce": lambda z: F.cross_entropy(net(z)[0], y, reduction="none"),
             "margin": lambda z: losses.margin(net(z)[0], y)}
    for norm, kind, epsilon, size in (
            ("linf", "ce", 8 / 255, 2 / 255), ("linf", "margin", 8 / 255, 2 / 255),
            ("l2", "ce", 0.5, 0.1), ("l1", "ce", 8.0, 2.0)):
        found[f"pgd_{norm}_{kind}"] = losses.search(x, gains[kind], 5, size, epsilon, norm)
    save("searches", found)


def public_networks(tiny, heads):
    """The networks of published.py, one set of images; the separate networks' losses too."""
    x = images(2, 101).half().double().requires_grad_()
    y = torch.tensor([6, 2])
    found = {"x": x, "y": y.int()}
    raw = published.RawPreActResNet18(4).double()
    raw.load_state_dict({k: v for k, v in tiny.state_dict().items() if not k.startswith("bn.")})
    nets = {
        "tiny_raw": raw.eval(),
        "tiny_swish": published.SwishPreActResNet18(2),
        "tiny_wide_swish": published.SwishWideResNet(16, 2, 3),
        "tiny_resnet18": published.ResNet((2, 2, 2, 2), 2),
        "tiny_resnet50": published.ResNet((2, 1, 2, 1), 2, True, published.ENGSTROM),
        "tiny_imagenet": published.ResNet((1, 2, 1, 1), 2, True, published.IMAGENET, True),
        "tiny_dense": published.DenseNet((2, 2, 2, 2), 4),
        "tiny_angles": published.NetworkInNetwork(12),
    }
    for i, (name, net) in enumerate(nets.items()):
        if net is not raw:
            weights = state(draw_weights(net.double(), 111 + i, half=True))
            save(f"{name}.weights", weights, half=weights)
        if name == "tiny_angles":
            continue
        logits, features, map = net(x)
        loss = F.cross_entropy(logits, y)
        found |= {f"{name}.logits": logits, f"{name}.features": features, f"{name}.loss": loss,
                  f"{name}.slope": losses.slope(loss, x)}
    angles, painter = nets["tiny_angles"], published.ContextEncoder(3, 20).double()
    weights = state(draw_weights(painter, 121, half=True))
    save("tiny_painter.weights", weights, half=weights)
    cifar = losses.COLOUR, (0.247, 0.243, 0.261)
    separate = {
        "rotation": lambda: losses.separate_rotation(angles, x),
        "rotation_cifar": lambda: losses.separate_rotation(angles, x, cifar),
        "inpainting": lambda: losses.separate_inpainting(painter, x),
        "total": lambda: losses.contrastive(tiny, heads, x, seeded(0, 2), 2)
        + 50 * losses.separate_rotation(angles, x) + 10 * losses.separate_inpainting(painter, x),
    }
    for name, loss in separate.items():
        value = loss()
        found |= {f"separate.{name}": value, f"separate.{name}_slope": losses.slope(value, x)}
    save("public", found, half=("x",))
def further(name, net, channels, widths, seed, modes):
    """Masks, puzzles and colours for given draws, and for those of the keys of seed 0."""
    heads = draw_weights(FurtherHeads(channels, widths).double(), seed, half=True)
    weights = state(heads, "heads.")
    save(f"{name}.weights", weights, half=weights)
    x = images(2, seed + 1).requires_grad_()
    g = torch.Generator().manual_seed(seed + 2)
    hidden = torch.stack([torch.randperm(64, generator=g) < 32 for _ in range(4)]).view(4, 8, 8)
    order = torch.stack([torch.randperm(4, generator=g) for _ in range(4)]).int()
    offsets = torch.randint(0, 3, (4, 4, 2), generator=g).double()
    tasks = {"mask": lambda: losses.random_mask(net, heads, x, hidden),
             "jigsaw": lambda: losses.jigsaw(net, heads, x, order, offsets),
             "colour": lambda: losses.colorization(net, heads, x)}
    found = {"x": x, "hidden": hidden, "order": order, "offsets": offsets}
    for mode in modes:
        for task, loss in tasks.items():
            heads.train(mode == "_train")
            value = loss()
            found[f"{task}{mode}"], found[f"{task}{mode}_slope"] = value, losses.slope(value, x)
        heads.load_state_dict({k.removeprefix("heads."): v for k, v in weights.items()},
                              strict=False)
        heads.eval()
    return heads, x, found


def tasks(net, wide):
    """Further tasks on maps of 4 and of 8 pixels."""
    more, x, found = further("tasks", net, 32, [16, 8, 4], 101, ("", "_train"))
    drawn = losses.further(net, more, x, seeded(0, 2))
    found.update(zip(("mask_drawn", "jigsaw_drawn", "colour_drawn"), drawn))
    order, offsets = draw_puzzles(seeded(7, 3), 4)
    found.update({"drawn.hidden": draw_masks(seeded(7, 3), 2), "drawn.order": order,
                  "drawn.offsets": offsets})
    save("tasks", found)
    save("tasks_wide", further("tasks_wide", wide, 64, [8, 4], 111, ("",))[2])


def alternating(net, heads):
    """Steps of the tasks that take turns, from the image itself; long ones, so that they show."""
    x = images(2, 121)
    found = {"x": x}
    for direction, steps, size in (
            ("image_max", 1, 0.2), ("image_max", 2, 0.2), ("image_max", 3, 0.2),
            ("channel_max", 1, 0.2), ("sign", 1, 2 / 255)):
        found[f"{direction}_{steps}"] = losses.alternating(
            net, heads, x, seeded(0, 2), steps, direction, size)
    save("alternating", found)
def adaptive(net, heads):
    """APGD, FAB and Square with keys of seed 5; the slope through two purifier steps."""
    x, key = images(3, 101), seeded(5, 3)
    clean = net(x)[0].detach()
    y, target = clean.argmax(1), clean.argsort(1, descending=True)[:, 2]
    found = {"x": x, "y": y.int(), "targets": target.int()}

    def each(name, parts, run):
        results = zip(*[run(i) for i in range(len(x))])
        for part, rows in zip(parts, results):
            rows = [r if torch.is_tensor(r) else torch.tensor(r, dtype=x.dtype) for r in rows]
            found[f"{name}_{part}"] = torch.stack(rows)

    starts = attacks.apgd_starts(key, x, ATTACK)
    for kind, name in (("ce", "apgd_ce"), ("dlr_targeted", "apgd_targeted")):
        each(name, ("adversarial", "best", "best_loss"), lambda i: attacks.apgd(
            net, x[i], y[i].item(), starts[i], 10, ATTACK, "linf", kind, target[i].item()))
    for norm in ("linf", "l2"):
        each(f"fab_{norm}", ("adversarial", "distance"), lambda i: attacks.fab(
            net, x[i], y[i].item(), 4, norm))
    each("fab_targeted", ("adversarial", "distance"), lambda i: attacks.fab(
        net, x[i], y[i].item(), 4, "linf", target[i].item()))
    each("square", ("best", "least"), lambda i: attacks.square(
        net, x[i], y[i].item(), key[i:i + 1], 14, ATTACK))

    z = x[:2].clone().requires_grad_()
    purified = attacks.purify(
        z, lambda v: losses.rotation(net, heads, v) + 10 * losses.inpainting(net, heads, v), 2, 0.1,
        1.0)
    gain = F.cross_entropy(net(purified)[0], y[:2], reduction="none")
    found["unrolled"] = losses.slope(gain, z)
    save("attacks", found)


def main():
    torch.set_num_threads(1)
    tiny = PreActResNet18(4)
    network("tiny", tiny, 1, half=False)
    wide = WideResNet(10, 1)
    network("tiny_wide", wide, 11, half=True)
    network("resnet20", ResNet20(), 21, half=True)
    norm()
    heads = heads_of(tiny)
    views()
    embeddings()
    optimisers()
    searches(tiny, heads)
    public_networks(tiny, heads)
    tasks(tiny, wide)
    alternating(tiny, heads)
    adaptive(tiny, heads)
    training(tiny)
    save("full", full.logits())


if __name__ == "__main__":
    main()
