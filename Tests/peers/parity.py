"""Answers an export of the peers' parity.py with `retort run` and has the answers checked.

    parity.py EXPORT [--peers DIR] [--retort PROGRAM] [--only CONFIG,...] [--keep DIR]
              [--backend NAME] [--threads N] [--winograd]

EXPORT is a folder that `python PEERS/parity.py export --out EXPORT` wrote. For each configuration
a definition of its network is written beside the answers; the graphs of graphs/bench compute
every key of the expected tensors; `PEERS/parity.py check` grades them. Needs torch and safetensors.

Convolutions run in their direct forms (`--exact`), whose rounding is PyTorch's. With --winograd the
cost model chooses; its larger rounding takes single inputs of rectifiers across zero, so that a
few gradients and sign-step trajectories differ by more than the grade `loose` allows.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file, save_file

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PLACES = ("view_dy", "view_dx", "view_flip")


def listed(values):
    return "[" + ", ".join(repr(v) for v in values) + "]"


def network(config):
    """A definition whose graph `network` is the configuration's backbone."""
    args, classes, dim = config["args"], config["num_classes"], config["feature_dim"]
    given = []
    if args.get("normalize"):
        means, deviations = args["normalize"]
        given = [f"means: {listed(means)}", f"deviations: {listed(deviations)}"]
    arch = config["arch"]
    if arch.startswith("preact"):
        blocks = args.get("blocks", [2, 2, 2, 2])
        graph, shrinks = "preact_resnet", 2 ** (len(blocks) - 1)
        given += [f"width: {args.get('width', 64)}", f"blocks: {listed(blocks)}"]
        given += [f"final_norm: {'true' if args.get('final_bn', True) else 'false'}"]
    elif arch.startswith("w"):
        graph, shrinks = "wide_resnet", 4
        given += [f"depth: {args.get('depth', 28)}", f"factor: {args.get('widen', 10)}"]
    else:
        graph, shrinks = "plain_resnet", 4
        given += [f"depth: {args.get('depth', 14)}", f"width: {args.get('width', 16)}"]
        given += ['activation: "relu"', "projection: true"]
    size = config["size"]
    side = (size + shrinks - 1) // shrinks
    file = dict(preact_resnet="preactresnet18", wide_resnet="wide_resnet", plain_resnet="resnet20")
    return f"""// The network of the parity configuration {config["name"]}.
import "bench/parity.graph"
import "models/{file[graph]}.graph"

graph network(
  x: f32[n, 3, {size}, {size}], classes: Int = {classes}, train: Bool = false
) -> (logits: f32[n, classes], features: f32[n, {dim}], map: f32[n, {dim}, {side}, {side}]) {{
  logits, features, map = {graph}(x, classes: classes, train: train, {", ".join(given)})
  return logits, features, map
}}
"""


class Runner:
    """Runs entries of one configuration's definition."""

    def __init__(self, options, config, exported, work):
        self.options, self.config = options, config
        self.inputs = os.path.join(exported, "inputs.safetensors")
        self.weights = [os.path.join(exported, "weights.safetensors")]
        self.work = work
        self.definition = os.path.join(work, "network.graph")
        with open(self.definition, "w") as file:
            file.write(network(config))

    def run(self, entry, inputs, results, save=None, **settings):
        """The named results of an entry on inputs of the export."""
        command = [self.options.retort, "run", self.definition, "--entry", entry,
                   "--graphs", os.path.join(ROOT, "graphs")]
        if entry not in ("bench_views", "parity_step"):
            command += ["--set", "backbone=network"]
        for name, value in settings.items():
            text = listed(value) if isinstance(value, list) else repr(value)
            command += ["--set", f"{name}={text}"]
        for file in self.weights:
            command += ["--weights", file]
        for name in inputs:
            command += ["--input", f"{name}={self.inputs}"]
        files = {name: os.path.join(self.work, f"{entry}.{name}.safetensors") for name in results}
        for name, file in files.items():
            command += ["--output", f"{name}={file}"]
        if save:
            command += ["--save-weights", save]
        if not self.options.winograd:
            command.append("--exact")
        if self.options.backend:
            command += ["--backend", self.options.backend]
        if self.options.threads:
            command += ["--threads", str(self.options.threads)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{self.config['name']}: {entry} failed\n{done.stderr}")
        return [load_file(files[name])[name] for name in results]


def answer(runner, config):
    """Every key of the expected tensors."""
    hyper = config["hyper"]
    classes = dict(classes=config["num_classes"])
    search = dict(step_size=hyper["alpha"], epsilon=hyper["eps"])
    tasks = dict(task_weights=hyper["weights"], projected=hyper["proj"], decoded=hyper["dec"],
                 temperature=hyper["temperature"], margin=hyper["pad"])
    got = {}

    def take(keys, entry, inputs, results, **settings):
        got.update(zip(keys, runner.run(entry, inputs, results, **settings)))

    take(("views", "rotations", "masked"), "bench_views", ("x",) + PLACES,
         ("views", "rotations", "masked"))
    take(("features", "logits", "ce.loss", "ce.grad"), "parity_classification", ("x", "y"),
         ("pooled", "logits", "loss", "slope"), pooled_width=config["feature_dim"], **classes)
    names = [(task, part) for task in ("con", "rot", "inp", "total") for part in ("loss", "slope")]
    take([f"{task}.{'grad' if part == 'slope' else part}" for task, part in names],
         "parity_losses", ("x",) + PLACES, [f"{task}_{part}" for task, part in names], **tasks)
    take(("teacher.loss", "teacher.grad"), "parity_teacher", ("teacher_x",) + PLACES,
         ("losses", "slopes"), **tasks)
    take(("step.r", "attack_step.r"), "parity_step", ("x", "step_r", "step_grad"),
         ("purifier", "attack"), **search)
    take(("purify.x", "purify.loss"), "parity_purifier", ("x",) + PLACES,
         ("purified", "losses"), steps=hyper["steps"], **tasks, **search)
    take(("attack.x", "attack.loss"), "parity_attack", ("x", "y"),
         ("adversarial", "losses"), steps=hyper["steps"], **classes, **search)
    if config["batch"] > 1:
        got.update(train(runner, config, classes))
    return got


def train(runner, config, classes):
    """Steps of the optimiser, each from the weights that the one before left."""
    sgd, given = config["sgd"], runner.weights
    start = load_file(given[0])
    state = {f"optimiser.velocity.{k}": torch.zeros_like(v) for k, v in start.items()}
    still = os.path.join(runner.work, "still.safetensors")
    save_file(state, still)
    runner.weights = given + [still]
    losses = []
    for step in range(sgd["steps"]):
        saved = os.path.join(runner.work, f"step{step}.safetensors")
        losses += runner.run(
            "bench_training", ("x", "y"), ("loss",), save=saved, rate=sgd["lr"],
            momentum=sgd["momentum"], weight_decay=sgd["weight_decay"], **classes)
        runner.weights = [saved]
    trained = load_file(runner.weights[0])
    runner.weights = given
    got = {"train." + k[len("model."):]: v for k, v in trained.items() if k.startswith("model.")}
    got["train.loss"] = torch.stack([loss.reshape(()) for loss in losses])
    return got


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export")
    parser.add_argument("--peers", default=os.path.join(ROOT, "..", "shared", "peers"))
    parser.add_argument("--retort", default=os.path.join(ROOT, ".build", "release", "retort"))
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", help="where definitions and answers are left")
    parser.add_argument("--backend")
    parser.add_argument("--winograd", action="store_true")
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    folder = tempfile.TemporaryDirectory()
    out = options.keep or folder.name
    export = os.path.join(out, "export")
    os.makedirs(export, exist_ok=True)
    for name in sorted(os.listdir(options.export)):
        exported = os.path.abspath(os.path.join(options.export, name))
        if options.only and name not in options.only.split(","):
            continue
        with open(os.path.join(exported, "config.json")) as file:
            config = json.load(file)
        work = os.path.join(out, "got", name)
        os.makedirs(work, exist_ok=True)
        got = answer(Runner(options, config, exported, work), config)
        save_file({k: v.contiguous() for k, v in got.items()},
                  os.path.join(work, "got.safetensors"))
        link = os.path.join(export, name)
        if not os.path.islink(link):
            os.symlink(exported, link)
        print(f"{name}: {len(got)} tensors answered", flush=True)
    check = [sys.executable, os.path.join(options.peers, "parity.py"), "check", "--expected",
             export, "--got", os.path.join(out, "got")]
    sys.exit(subprocess.run(check).returncode)


if __name__ == "__main__":
    main()
