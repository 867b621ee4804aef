#!/usr/bin/env python3
"""Runs the ONNX project's backend tests through `retort run`, one process a test.

    python Tests/peers/onnx_backend.py --retort .build/release/retort [--kind node ...] [--only TEXT]

Needs the package `onnx` (1.18 or later), which has the tests. Inputs that make shapes, axes and
bounds are turned into constants of the model first, because Retort's shapes are static; models of
old operator sets are converted to opset 13. A test is skipped, with its reason counted, where it has
no float32 at all, other types than tensors, or an operator of none of the families that Retort
imports. The rest passes within the test's own tolerance, or is listed.
"""

import argparse
import collections
import os
import re
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, version_converter
from onnx.backend.test.loader import load_model_tests

warnings.filterwarnings("ignore")

# Inputs that shapes are made of, by operator: by number, or all but the first.
SHAPE_INPUTS = {
    "Reshape": [1], "Expand": [1], "Tile": [1], "Pad": [1, 2, 3], "Slice": [1, 2, 3, 4],
    "Resize": [1, 2, 3], "Upsample": [1], "Squeeze": [1], "Unsqueeze": [1], "Split": [1],
    "TopK": [1], "OneHot": [1], "ConstantOfShape": [0], "Range": [0, 1, 2], "CumSum": [1],
    "Trilu": [1], "CenterCropPad": [1], "Compress": [1], "NonZero": [0], "Loop": [0, 1],
    "If": [0], "Dropout": [1, 2], "ScatterElements": [1], "ScatterND": [1], "Scatter": [1],
    "AffineGrid": [1], "Col2Im": [1, 2],
}
for name in ("Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare"):
    SHAPE_INPUTS["Reduce" + name] = [1]

# Operators of no family that vision models' inference needs.
OTHER_FAMILIES = {
    "quantisation": "QuantizeLinear DequantizeLinear DynamicQuantizeLinear QLinearConv QLinearMatMul"
    " ConvInteger MatMulInteger",
    "training": "Adagrad Adam Momentum Gradient SoftmaxCrossEntropyLoss NegativeLogLikelihoodLoss",
    "recurrent networks": "RNN LSTM GRU LinearAttention CausalConvWithState Scan",
    "signals": "DFT STFT BlackmanWindow HannWindow HammingWindow MelWeightMatrix",
    "text and trees": "TfIdfVectorizer StringNormalizer TreeEnsemble ArrayFeatureExtractor Binarizer"
    " LabelEncoder",
    "randomness": "Bernoulli RandomUniformLike RandomNormalLike RandomUniform RandomNormal",
    "shapes that depend on values": "Unique NonMaxSuppression OptionalGetElement SequenceMap"
    " ReverseSequence",
    "sampling at computed places": "RoiAlign DeformConv Col2Im MaxUnpool",
    "caches and sequences": "TensorScatter SequenceEmpty SequenceConstruct SplitToSequence",
    "linear algebra": "Det",
    "bits": "BitCast",
    "flexible attention": "FlexAttention",
}
FAMILY = {op: family for family, ops in OTHER_FAMILIES.items() for op in ops.split()}

READ_TYPES = {
    TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64, TensorProto.INT32, TensorProto.BOOL,
    TensorProto.UINT8, TensorProto.INT8, TensorProto.INT16, TensorProto.UINT16, TensorProto.UINT32,
}


def data_sets(test):
    """The model of a test, and pairs of inputs and outputs."""
    if test.model is not None:
        return test.model, test.data_sets
    model = onnx.load(os.path.join(test.model_dir, "model.onnx"))
    sets = []
    for folder in sorted(os.listdir(test.model_dir)):
        if not folder.startswith("test_data_set_"):
            continue
        path = os.path.join(test.model_dir, folder)

        def read(kind):
            values = []
            while os.path.exists(os.path.join(path, f"{kind}_{len(values)}.pb")):
                proto = TensorProto()
                with open(os.path.join(path, f"{kind}_{len(values)}.pb"), "rb") as file:
                    proto.ParseFromString(file.read())
                values.append(numpy_helper.to_array(proto))
            return values

        sets.append((read("input"), read("output")))
    return model, sets


def nodes(graph):
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from nodes(attribute.g)


def reason_to_skip(model):
    values = list(model.graph.input) + list(model.graph.output)
    if not all(value.type.HasField("tensor_type") for value in values):
        return "sequences, maps or optional values"
    types = {value.type.tensor_type.elem_type for value in values}
    if TensorProto.STRING in types:
        return "strings"
    if TensorProto.FLOAT not in types:
        return "no float32"
    if types - READ_TYPES:
        return "other element types"
    for node in nodes(model.graph):
        if node.op_type in FAMILY:
            return FAMILY[node.op_type]
        if node.domain not in ("", "ai.onnx") and not model.functions:
            return "other domains"
    return None


def with_constants(model, inputs, everything=False):
    """The model with inputs that make shapes as initializers, and what is left of the inputs."""
    names = [value.name for value in model.graph.input]
    fixed = set(names) if everything else set()
    for node in nodes(model.graph):
        for index in SHAPE_INPUTS.get(node.op_type, []):
            if index < len(node.input) and node.input[index] in names:
                fixed.add(node.input[index])
    integers = {
        value.name for value in model.graph.input
        if value.type.tensor_type.elem_type in (TensorProto.INT64, TensorProto.INT32)
    }
    # In a function written out, what makes shapes is any integer that is not gathered with.
    if len(model.graph.node) > 1:
        direct = {n.input[1] for n in nodes(model.graph) if n.op_type.startswith("Gather")}
        fixed |= integers - direct
    known = {tensor.name for tensor in model.graph.initializer}
    rest = {}
    given = [value for value in model.graph.input if value.name not in known] \
        if len(inputs) < len(names) else list(model.graph.input)
    for value, array in zip(given, inputs):
        if isinstance(array, TensorProto):
            array = numpy_helper.to_array(array)
        if value.name in fixed:
            model.graph.initializer.append(numpy_helper.from_array(np.asarray(array), value.name))
        elif value.name not in known:
            rest[value.name] = np.asarray(array)
    kept = [value for value in model.graph.input if value.name not in fixed]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    return model, rest


def compare(expected, actual, rtol, atol):
    if list(expected.shape) != list(actual.shape):
        return f"shape {list(actual.shape)}, expected {list(expected.shape)}"
    if expected.size == 0:
        return None
    if expected.dtype.kind in "biu":
        wrong = np.count_nonzero(expected != actual.astype(expected.dtype))
        return f"{wrong} of {expected.size} differ" if wrong else None
    close = np.isclose(actual, expected, rtol=rtol, atol=atol, equal_nan=True)
    if close.all():
        return None
    with np.errstate(all="ignore"):
        worst = np.nanmax(np.abs(actual.astype(np.float64) - expected)[~close])
    return f"{np.count_nonzero(~close)} of {expected.size} differ, worst {worst:.2g}"


def spelling(name, as_identifier):
    """A name as a definition spells it."""
    if not as_identifier:
        return name
    if name[:1].isdigit():
        name = "v" + name
    return re.sub("[^A-Za-z0-9_]", "_", name)


def prepared(retort, path, through_definition):
    """What `retort run` takes: the model, or the definition and weights that are imported of it."""
    if not through_definition:
        return [path], None
    graph = path.replace(".onnx", ".graph")
    weights = path.replace(".onnx", ".safetensors")
    done = subprocess.run([retort, "import", path, "-o", graph], capture_output=True, text=True)
    if done.returncode:
        return None, done
    return [graph] + (["--weights", weights] if os.path.exists(weights) else []), None


def run(retort, test, folder, through_definition=False):
    """Nil where the test passes, ('skipped', why) or ('failed', why)."""
    model, sets = data_sets(test)
    why = reason_to_skip(model)
    if why:
        return "skipped", why
    version = max([o.version for o in model.opset_import if o.domain in ("", "ai.onnx")] or [0])
    for inputs, outputs in sets:
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        if 0 < version < 13:
            try:
                copy = version_converter.convert_version(copy, 13)
            except Exception:
                return "skipped", "cannot be converted to opset 13"
        copy, rest = with_constants(copy, inputs, everything=test.name.startswith("test_range"))
        path = os.path.join(folder, "model.onnx")
        onnx.save(copy, path)
        source, refusal = prepared(retort, path, through_definition)
        command = [retort, "run", *(source or []), "--backend", "auto", "--threads", "1"]
        for index, (name, array) in enumerate(rest.items()):
            file = os.path.join(folder, f"input{index}.npy")
            np.save(file, array)
            command += ["--input", f"{spelling(name, through_definition)}={file}"]
        results = []
        for index, value in enumerate(copy.graph.output):
            file = os.path.join(folder, f"output{index}.npy")
            if os.path.exists(file):
                os.remove(file)
            results.append(file)
            command += ["--output", f"{spelling(value.name, through_definition)}={file}"]
        try:
            done = refusal or subprocess.run(
                command, capture_output=True, text=True, timeout=120)
        except subprocess.TimeoutExpired:
            return "failed", "takes longer than two minutes"
        if done.returncode != 0:
            lines = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
            first = next((line for line in lines if "error" in line), lines[0])
            return "failed", f"[{done.returncode}] " + first.replace(path + ": error: ", "")
        for value, file, expected in zip(copy.graph.output, results, outputs):
            if isinstance(expected, TensorProto):
                expected = numpy_helper.to_array(expected)
            complaint = compare(np.asarray(expected), np.load(file), test.rtol, test.atol)
            if complaint:
                return "failed", f"'{value.name}': {complaint}"
    return "passed", ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--retort", required=True, help="the program")
    parser.add_argument("--kind", nargs="*", default=["node", "simple", "pytorch-converted",
                                                      "pytorch-operator"])
    parser.add_argument("--only", default="", help="tests whose names hold this text")
    parser.add_argument("--definition", action="store_true",
                        help="goes through the definition that 'retort import' writes")
    parser.add_argument("--skipped", action="store_true", help="lists what is skipped, too")
    arguments = parser.parse_args()
    failures = []
    for kind in arguments.kind:
        counts = collections.Counter()
        reasons = collections.Counter()
        for test in sorted(load_model_tests(kind=kind), key=lambda test: test.name):
            if arguments.only not in test.name:
                continue
            with tempfile.TemporaryDirectory() as folder:
                outcome, why = run(arguments.retort, test, folder, arguments.definition)
            counts[outcome] += 1
            if outcome == "skipped":
                reasons[why] += 1
                if arguments.skipped:
                    print(f"skipped  {test.name}: {why}")
            if outcome == "failed":
                failures.append((test.name, why))
                print(f"failed   {test.name}: {why}", flush=True)
        print(f"{kind}: {counts['passed']} passed, {counts['failed']} failed, "
              f"{counts['skipped']} skipped")
        for why, count in reasons.most_common():
            print(f"    {count:4} {why}")
        sys.stdout.flush()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
