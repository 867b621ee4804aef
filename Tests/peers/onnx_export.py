"""Runs what `retort export` writes in ONNX Runtime and compares it with `retort run`.

    python onnx_export.py RETORT [CASE ...]

Each case is a definition with its settings; weights and inputs are random where none are shipped.
Needs onnx, onnxruntime and numpy. Exit 1 where a result differs by more than the case allows.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Case:
    """What is exported, and how far results may lie apart.

    `relative` counts from the largest magnitude of the result; `fraction` is the share of elements
    that must lie within it (purifiers take signs, which flip where a gradient is almost zero).
    """

    def __init__(self, graph, settings=(), entry=None, weights=None, relative=1e-5, fraction=1.0,
                 options=(), inputs=None):
        self.graph, self.settings, self.entry, self.weights = graph, settings, entry, weights
        self.relative, self.fraction = relative, fraction
        self.options, self.inputs = options, inputs or {}

    def definition(self):
        words = [str(ROOT / self.graph)]
        if self.entry:
            words += ["--entry", self.entry]
        for setting in self.settings:
            words += ["--set", setting]
        return words


SHIPPED = [f"graphs/weights/{name}-synthetic.safetensors" for name in ("classifier", "heads")]

CASES = {
    # The demonstration's purifier: a loop whose turns hold a gradient each.
    "demo-purifier": Case(
        "graphs/purifiers/multitask.graph", ["n=4", "backbone=tiny", "steps=8"], weights=SHIPPED,
        relative=2 / 255, fraction=0.999),
    "demo-purifier-unrolled": Case(
        "graphs/purifiers/multitask.graph", ["n=4", "backbone=tiny", "steps=1"], weights=SHIPPED,
        relative=1e-5, fraction=0.999, options=["--unroll"]),
    "forward": Case("graphs/bench/w1.graph", ["n=2"], relative=1e-5),
    "preactresnet18-input-gradient": Case("graphs/bench/w2.graph", ["n=2"], relative=1e-4),
    "training-step": Case("graphs/bench/w7.graph", ["n=4"], relative=1e-4),
    # A gradient through a gradient.
    "second-derivative": Case(
        "Tests/peers/second_derivative.graph", ["n=2"],
        weights=["graphs/weights/classifier-synthetic.safetensors"], relative=1e-4),
}


def run(words, **options):
    done = subprocess.run(words, text=True, capture_output=True, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}\n{done.stderr}")


def element(kind):
    return {"tensor(float)": numpy.float32, "tensor(double)": numpy.float64,
            "tensor(int32)": numpy.int32, "tensor(int64)": numpy.int64,
            "tensor(uint32)": numpy.uint32, "tensor(bool)": numpy.bool_}[kind]


def feed(session, generator, case):
    values = {}
    overridable = session.get_inputs()
    for value in overridable:
        kind, shape = element(value.type), tuple(value.shape)
        if value.name in case.inputs:
            values[value.name] = case.inputs[value.name](generator, shape).astype(kind)
        elif kind == numpy.uint32:
            values[value.name] = generator.integers(0, 2**32, shape, dtype=numpy.uint32)
        elif kind in (numpy.int32, numpy.int64):
            values[value.name] = generator.integers(0, 10, shape, dtype=kind)
        elif kind == numpy.bool_:
            values[value.name] = generator.integers(0, 2, shape).astype(kind)
        elif "running_var" in value.name:
            values[value.name] = generator.uniform(0.5, 2, shape).astype(kind)
        elif len(shape) == 4 and shape[1] == 3 and "." not in value.name:
            values[value.name] = generator.uniform(0, 1, shape).astype(kind)
        else:
            scale = 1 / max(1, numpy.prod(shape[1:])) ** 0.5
            values[value.name] = generator.normal(0, scale, shape).astype(kind)
    return values


def check(retort, name, case, folder):
    model = folder / f"{name}.onnx"
    weights = [word for file in case.weights or [] for word in ("--weights", str(ROOT / file))]
    run([retort, "export", *case.definition(), *weights, *case.options, "-o", str(model)])
    onnx.checker.check_model(str(model), full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    values = feed(session, numpy.random.default_rng(1), case)
    outputs = [value.name for value in session.get_outputs()]
    found = dict(zip(outputs, session.run(outputs, values)))

    words = [retort, "run", *case.definition(), *weights]
    extra = {}
    for key, value in values.items():
        if "." in key:
            extra[key] = value
        else:
            file = folder / f"{key}.npy"
            numpy.save(file, value)
            words += ["--input", f"{key}={file}"]
    if extra:
        numpy.savez(folder / "weights.npz", **extra)
        words += ["--weights", str(folder / "weights.npz")]
    results = [key for key in outputs if not key.endswith(".updated")]
    for key in results:
        words += ["--output", f"{key}={folder / key}.out.npy"]
    updated = {}
    if len(results) < len(outputs):
        run([*words, "--save-weights", str(folder / "updated.npz")])
        updated = numpy.load(folder / "updated.npz")
    else:
        run(words)
    worst = (outputs[0], 0.0, 1.0)
    for key in outputs:
        expected = (numpy.load(folder / f"{key}.out.npy") if key in results
                    else updated[key.removesuffix(".updated")])
        actual = found[key]
        if expected.shape != actual.shape:
            print(f"{name}  {key}: shape {actual.shape}, expected {expected.shape}  DIFFERS")
            return False
        scale = max(float(numpy.abs(expected).max(initial=0)), 1e-30)
        errors = numpy.abs(expected.astype(float) - actual.astype(float)) / scale
        error = float(errors.max(initial=0))
        within = float((errors <= case.relative).mean()) if errors.size else 1.0
        # Not a number is within nothing.
        if not (within, -error) >= (worst[2], -worst[1]):
            worst = (key, error, within)
    key, error, within = worst
    fine = within >= case.fraction
    print(f"{name}: of {len(outputs)} results '{key}' is off most, by {error:.2e} of its largest"
          f" magnitude; {100 * within:.3f} % within {case.relative:g}"
          f"  {'ok' if fine else 'DIFFERS'}")
    return fine


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("retort")
    parser.add_argument("cases", nargs="*", default=[])
    arguments = parser.parse_args()
    retort = str(pathlib.Path(arguments.retort).resolve())
    fine = True
    for name in arguments.cases or CASES:
        with tempfile.TemporaryDirectory() as folder:
            fine &= check(retort, name, CASES[name], pathlib.Path(folder))
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
