"""Joins reports of `retort evaluate` on the same images: what each arm has right under all attacks.

    worst_case.py REPORT.json...

A REPORT is a whole report, or a shard: then it has its own blocks of images only. All must have the
same data, weights, class names, backbone and purifiers, and agree on the label of each image and,
where two have the same attack, on each answer. An image counts for an arm where every attack on that
arm has an answer, the first seed's; those of another norm or radius than most have are left out. The
bar is the arm without a purifier under AutoAttack, on the same images. Prints one Markdown table;
exit 1 where reports do not fit together. Needs Python 3.8, nothing else.
"""
import json
import math
import sys


def main(paths):
    if not paths or paths[0].startswith("-"):
        sys.exit(__doc__)
    joined = Joined()
    for path in paths:
        joined.add(path)
    joined.table()


class Joined:
    def __init__(self):
        self.frame = None
        self.labels = {}
        self.arms = {}
        self.attacks = {}
        self.definitions = {}
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
        for attack in results["attacks"]:
            self.attacks[attack["name"]] = attack
        what = f"{path}: the definition of attack"
        keep(self.definitions, map(definition, results["attacks"]), what)
        for cell in results["cells"]:
            if cell["seed"] == results["seeds"][0]:
                known = self.answers.setdefault((cell["arm"], cell["attack"]), {})
                what = f"{path}: the answer of {cell['arm']} on {cell['attack']} for image"
                keep(known, zip(indices, cell["answers"]), what)

    def table(self):
        balls = [(a["norm"], a["epsilon"]) for a in self.attacks.values() if a["level"] != "clean"]
        ball = max(balls, key=balls.count)
        bare = next((name for name, (purifier, _) in self.arms.items() if purifier is None), None)
        bar = self.answers.get((bare, "AutoAttack"), {})
        print("| arm | attacks | images | worst case | the bar | b | c | difference, points | p |")
        print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
        for arm in self.arms:
            names = [
                name for (owner, name) in self.answers
                if owner == arm and self.attacks[name]["level"] != "clean"
                and (self.attacks[name]["norm"], self.attacks[name]["epsilon"]) == ball
            ]
            covered = set(bar).intersection(*(self.answers[arm, name] for name in names))
            if not names or not covered:
                continue
            here = [all(self.answers[arm, n][i] == self.labels[i] for n in names) for i in covered]
            there = [bar[i] == self.labels[i] for i in covered]
            n = len(covered)
            b = sum(h and not t for h, t in zip(here, there))
            c = sum(t and not h for h, t in zip(here, there))
            print(
                f"| {arm} | {', '.join(names)} | {n} | {share(sum(here), n)} | {share(sum(there), n)} "
                f"| {b} | {c} | {100 * (b - c) / n:.1f} | {mcnemar(b, c):.2g} |")


def places(report):
    """The image that each of the report's labels and answers is of."""
    count, size = report.get("count", 1), report.get("blockSize", 1)
    total = report.get("imageCount", len(report["results"]["labels"]))
    return [i for i in range(total) if i // size % count == report.get("index", 0)]


def definition(attack):
    """What an attack is, without what was found with it."""
    kept = ("level", "graph", "suite", "settings", "norm", "epsilon")
    return (attack["name"], attack.get("arm")), [attack.get(key) for key in kept]


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


def mcnemar(b, c):
    return min(1, 2 * sum(math.comb(b + c, i) for i in range(min(b, c) + 1)) / 2 ** (b + c))


main(sys.argv[1:])
