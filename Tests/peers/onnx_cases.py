"""Runs the models of a folder in ONNX Runtime: NAME.onnx on NAME.in.npz, compared with NAME.out.npz.

Prints one line for each that fails, and at the end how many there were.
"""

import pathlib
import sys

import numpy
import onnx
import onnxruntime


def fault(path):
    """What is wrong with one case, or None."""
    try:
        onnx.checker.check_model(str(path), full_check=True)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"])
        given = numpy.load(path.with_suffix(".in.npz"))
        inputs = {value.name: given[value.name] for value in session.get_inputs()}
        expected = numpy.load(path.with_suffix(".out.npz"))
        names = [value.name for value in session.get_outputs()]
        found = dict(zip(names, session.run(names, inputs)))
    except Exception as error:  # whatever the runtime says of the model
        return " ".join(str(error).split())[:300]
    for name in names:
        actual, wanted = found[name], expected[name]
        if actual.dtype != wanted.dtype or actual.shape != wanted.shape:
            return f"{name} is {actual.dtype}{actual.shape}, expected {wanted.dtype}{wanted.shape}"
        if wanted.dtype.kind == "f":
            bound = {4: 2e-6, 8: 1e-13}[wanted.dtype.itemsize]
            # What is no finite number must be the same.
            finite = numpy.isfinite(wanted)
            if not numpy.array_equal(actual[~finite], wanted[~finite], equal_nan=True):
                return f"{name} is {actual[~finite]} where {wanted[~finite]} is expected"
            actual, wanted = actual[finite], wanted[finite]
            scale = max(1, float(numpy.abs(wanted).max(initial=0)))
            worst = float(numpy.abs(actual - wanted).max(initial=0)) / scale
            if not worst <= bound:
                return f"{name} differs by {worst:.3g}"
        elif not numpy.array_equal(actual, wanted):
            return f"{name} differs in {int((actual != wanted).sum())} of {wanted.size} elements"
    return None


def main():
    paths = sorted(pathlib.Path(sys.argv[1]).glob("*.onnx"))
    for path in paths:
        problem = fault(path)
        if problem:
            print(f"{path.stem}: {problem}")
    print(f"{len(paths)} cases")


if __name__ == "__main__":
    main()
