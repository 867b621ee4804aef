"""Joins reports of `retort evaluate` on the same images: what each arm has right under all attacks.

    worst_case.py REPORT.json... [--show ATTACK,...] [--first N]

A REPORT is a whole report, or a shard: then it has its own blocks of images only. All must have the
same weights, class names, backbone and purifiers, and agree on the label of each image and, where
two have the same attack, on each answer: their data's checksums are of as many images as each has. An image counts for an arm where every attack on that
arm has an answer, the first seed's; those of another norm or radius than most have are left out. The
bar is the arm without a purifier under AutoAttack, on the same images. Prints a Markdown table, of
the first N images if that is said: per cent right under the attacks to show and under all of them,
with Wilson's interval, and the difference to the bar with Tango's. Exit 1 where reports do not fit
together. Needs Python 3.8, nothing else.
"""
import argparse
import json
import math
import sys


def main(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", nargs="+", metavar="REPORT")
    parser.add_argument("--show", default="", metavar="ATTACK,...")
    parser.add_argument("--first", type=int, metavar="N")
    options = parser.parse_args(arguments)
    joined = Joined()
    for path in options.reports:
        joined.add(path)
    joined.table([name for name in options.show.split(",") if name], options.first)


class Joined:
    def __init__(self):
        self.frame = None
        self.labels = {}
        self.arms = {}
        # (attack, arm) -> what it is
        self.attacks = {}
        # (arm, attack) -> {image: answer}
        self.answers = {}

    def add(self, path):
        with open(path) as file:
            report = json.load(file)
        results = report["results"]
        indices = places(report)
        frame = [results[key] for key in ("backbone", "classNames", "weights")]
        if self.frame is None:
            self.frame = frame
        if frame != self.frame:
            sys.exit(f"{path}: has another backbone, classes or weights than the first report")
        keep(self.labels, zip(indices, results["labels"]), f"{path}: the label of image")
        arms = ((arm["name"], (arm.get("purifier"), arm["settings"])) for arm in results["arms"])
        keep(self.arms, arms, f"{path}: the purifier of arm")
        attacks = map(definition, results["attacks"])
        keep(self.attacks, attacks, f"{path}: the definition of attack")
        for cell in results["cells"]:
            if cell["seed"] == results["seeds"][0]:
                known = self.answers.setdefault((cell["arm"], cell["attack"]), {})
                what = f"{path}: the answer of {cell['arm']} on {cell['attack']} for image"
                keep(known, zip(indices, cell["answers"]), what)

    def table(self, shown, first):
        balls = {name: (a["norm"], a["epsilon"]) for (name, _), a in self.attacks.items()
                 if a["level"] != "clean"}
        ball = max(balls.values(), key=list(balls.values()).count)
        bare = next((name for name, (purifier, _) in self.arms.items() if purifier is None), None)
        bar = self.answers.get((bare, "AutoAttack"), {})
        heads = ["arm", "images"] + shown + ["worst case", "attacks", "b", "c", "against the bar", "p"]
        print("| " + " | ".join(heads) + " |\n|---|" + (len(heads) - 1) * "---:|")
        for arm in self.arms:
            names = [
                name for (owner, name) in self.answers
                if owner == arm and balls.get(name) == ball
            ]
            covered = set(bar).intersection(*(self.answers[arm, name] for name in names))
            if first is not None:
                covered = {i for i in covered if i < first}
            if not names or not covered:
                continue
            n = len(covered)

            def right(name, owner=arm):
                answers = self.answers.get((owner, name), {})
                if not covered <= answers.keys():
                    return None
                return {i for i in covered if answers[i] == self.labels[i]}

            here = set.intersection(*map(right, names))
            there = right("AutoAttack", bare)
            b, c = len(here - there), len(there - here)
            cells = [arm, n] + ["–" if right(s) is None else share(len(right(s)), n) for s in shown]
            low, high = difference(b, c, n)
            cells += [share(len(here), n), len(names), b, c]
            cells += [f"{100 * (b - c) / n:.1f} ({100 * low:.1f} to {100 * high:.1f})"]
            print("| " + " | ".join(map(str, cells + [f"{mcnemar(b, c):.2g}"])) + " |")


def places(report):
    """The image that each of the report's labels and answers is of."""
    count, size = report.get("count", 1), report.get("blockSize", 1)
    total = report.get("imageCount", len(report["results"]["labels"]))
    return [i for i in range(total) if i // size % count == report.get("index", 0)]


def definition(attack):
    """What an attack is, without what was found with it."""
    kept = {key: attack.get(key) for key in ("level", "graph", "suite", "norm", "epsilon")}
    # Older reports name settings of the attacked purifier that it does not have.
    kept["settings"] = {
        k: v for k, v in attack["settings"].items() if not k.startswith("purifier.")}
    return (attack["name"], attack.get("arm")), kept


def keep(known, pairs, what):
    for key, value in pairs:
        if known.setdefault(key, value) != value:
            sys.exit(f"{what} {key} is {value}, and {known[key]} in a report before it")


def share(right, n):
    """Per cent with Wilson's 95 % interval."""
    z, p = 1.959963984540054, right / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return f"{100 * p:.1f} ({100 * (centre - half):.1f}–{100 * (centre + half):.1f})"


def difference(b, c, n):
    """Tango's 95 % score interval of the paired difference (b - c) / n."""
    def is_inside(delta):
        linear = (2 * n - b + c) * delta - b - c
        constant = -c * delta * (1 - delta)
        q = (math.sqrt(max(0, linear * linear - 8 * n * constant)) - linear) / (4 * n)
        reach = math.sqrt(max(0, n * (2 * q + delta * (1 - delta))))
        return abs(b - c - n * delta) <= 1.959963984540054 * reach

    def end(outside):
        inside = (b - c) / n
        for _ in range(60):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if is_inside(middle) else (inside, middle)
        return inside

    return end(-1), end(1)


def mcnemar(b, c):
    return min(1, 2 * sum(math.comb(b + c, i) for i in range(min(b, c) + 1)) / 2 ** (b + c))


main(sys.argv[1:])
