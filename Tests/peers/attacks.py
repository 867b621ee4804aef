"""Runs the attacks of torchattacks and of graphs/attacks on the same images and compares.

    attacks.py WEIGHTS DATA [--count N] [--only NAME,...] [--steps N] [--queries N]
               [--epsilon E] [--retort PROGRAM] [--threads N] [--tolerance POINTS] [--keep DIR]

WEIGHTS are those of graphs/models/small.graph (or another width of it) as safetensors, DATA a
CIFAR-10 .bin file, of which the first N images are taken. Both sides have the same budgets and
epsilon (linf); whether a point is misclassified is decided by PyTorch for both. Prints one JSON
object, then a table of robust accuracies in percent; exit 1 if two differ by more than the
tolerance, or a point of ours leaves the ball or the box. Needs torch, torchattacks, safetensors.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch
import torchattacks
from safetensors.torch import load_file

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "Tests", "Golden", "vectors"))
from networks import PreActResNet18  # noqa: E402

BACKBONES = {8: "tiny", 16: "small", 64: "preactresnet18"}
RANKS = range(1, 10)


class Classifier(torch.nn.Module):
    """Logits only, as torchattacks wants a model."""

    def __init__(self, weights):
        super().__init__()
        self.width = len(weights["conv1.weight"])
        self.net = PreActResNet18(self.width)
        missing, _ = self.net.load_state_dict(
            {k: v.float() for k, v in weights.items()}, strict=False)
        missing = [k for k in missing if not k.endswith("num_batches_tracked")]
        if missing:
            raise SystemExit(f"the weights lack {', '.join(missing[:3])}")
        self.eval().requires_grad_(False)

    def forward(self, x):
        return self.net(x)[0]


def read_images(path, count):
    with open(path, "rb") as file:
        rows = np.frombuffer(file.read(count * 3073), np.uint8).reshape(-1, 3073)
    if len(rows) < count:
        raise SystemExit(f"{path} holds {len(rows)} images, not {count}")
    x = torch.from_numpy(rows[:, 1:].reshape(-1, 3, 32, 32).copy()).float() / 255
    return x, torch.from_numpy(rows[:, 0].astype(np.int64))


def theirs(model, options):
    """torchattacks' attacks by our names. Square without the rescaled schedule, as AutoAttack."""
    common = dict(norm="Linf", eps=options.epsilon)
    return {
        "apgd-ce": torchattacks.APGD(model, steps=options.steps, loss="ce", **common),
        "apgd-dlr": torchattacks.APGD(model, steps=options.steps, loss="dlr", **common),
        "apgd-t": torchattacks.APGDT(model, steps=options.steps, **common),
        "fab": torchattacks.FAB(model, steps=options.steps, **common),
        "fab-t": torchattacks.FAB(model, steps=options.steps, multi_targeted=True, **common),
        "square": torchattacks.Square(
            model, n_queries=options.queries, resc_schedule=False, **common),
    }


class Runner:
    """Runs graphs/attacks by the command line."""

    def __init__(self, options, model, work):
        self.options, self.model, self.work = options, model, work

    def attack(self, name, x, y, settings):
        paths = [os.path.join(self.work, f"{part}.npy") for part in ("x", "y", "adversarial")]
        np.save(paths[0], x.numpy())
        np.save(paths[1], y.numpy().astype(np.int32))
        settings = {
            "epsilon": repr(self.options.epsilon), "backbone": BACKBONES[self.model.width],
            **settings}
        command = [
            self.options.retort, "run", os.path.join(ROOT, "graphs", "attacks", f"{name}.graph"),
            "--graphs", os.path.join(ROOT, "graphs"), "--weights", self.options.weights,
            "--threads", str(self.options.threads), "--input", f"x={paths[0]}", "--input",
            f"y={paths[1]}", "--output", f"adversarial={paths[2]}"]
        for key, value in settings.items():
            command += ["--set", f"{key}={value}"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        return torch.from_numpy(np.load(paths[2]))

    def run(self, name, x, y):
        """Run after run, each on the images that are still classified right."""
        steps = {"steps": self.options.steps}
        graph, runs = {
            "apgd-ce": ("apgd", [steps]),
            "apgd-dlr": ("apgd", [{**steps, "loss": "dlr"}]),
            "apgd-t": ("apgd_targeted", [{**steps, "rank": rank} for rank in RANKS]),
            "fab": ("fab", [steps]),
            "fab-t": ("fab_targeted", [{**steps, "rank": rank} for rank in RANKS]),
            "square": ("square", [{"queries": self.options.queries}]),
        }[name]
        found = x.clone()
        for settings in runs:
            left = (self.model(found).argmax(1) == y).nonzero()[:, 0]
            if len(left):
                found[left] = self.attack(graph, x[left], y[left], settings)
        return found


def compare(options, work):
    weights = load_file(options.weights)
    model = Classifier(weights)
    x, y = read_images(options.data, options.count)
    runner, peers = Runner(options, model, work), theirs(model, options)
    clean = model(x).argmax(1) == y
    report = {"images": len(x), "clean": 100 * clean.double().mean().item(),
              "epsilon": options.epsilon, "steps": options.steps, "queries": options.queries,
              "attacks": {}}
    for name in options.only.split(",") if options.only else peers:
        start = time.time()
        peer = peers[name](x, y)
        between = time.time()
        ours = runner.run(name, x, y)
        end = time.time()
        held = [model(found).argmax(1) == y for found in (peer, ours)]
        share = [round(100 * right.double().mean().item(), 3) for right in held]
        reach = (ours.double() - x.double()).abs().max().item()
        inside = reach <= options.epsilon * (1 + 1e-6) and ours.min() >= 0 and ours.max() <= 1
        report["attacks"][name] = {
            "torchattacks": share[0],
            "retort": share[1],
            "images apart": int((held[0] != held[1]).sum()),
            "torchattacks seconds": round(between - start, 1),
            "retort seconds": round(end - between, 1),
            "inside": bool(inside),
        }
        print(name, report["attacks"][name], file=sys.stderr, flush=True)
    return report


def table(report):
    columns = ("torchattacks", "retort", "images apart", "torchattacks seconds", "retort seconds")
    lines = ["| attack | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, row in report["attacks"].items():
        cells = [f"{row[c]:.1f}" if isinstance(row[c], float) else str(row[c]) for c in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("weights")
    parser.add_argument("data")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--only", default="")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--queries", type=int, default=5000)
    parser.add_argument("--epsilon", type=float, default=8 / 255)
    parser.add_argument("--retort", default="retort")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tolerance", type=float, default=1.0)
    parser.add_argument("--keep", default="")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as work:
        if options.keep:
            os.makedirs(options.keep, exist_ok=True)
        report = compare(options, options.keep or work)
    print(json.dumps(report))
    print(table(report))
    rows = report["attacks"].values()
    apart = [abs(row["torchattacks"] - row["retort"]) for row in rows]
    good = all(row["inside"] for row in rows) and max(apart, default=0) <= options.tolerance
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
