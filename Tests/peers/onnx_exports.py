#!/usr/bin/env python3
"""Exports networks with torch.onnx and compares what Retort computes of them with PyTorch.

    python Tests/peers/onnx_exports.py --retort .build/release/retort

Four networks, each with both exporters and with a fixed and an open batch: a residual network, a
vision transformer, one of transposed convolutions, resizing and norms, and attention with a mask, a
causal one and index arithmetic. Each model is also imported to a definition, which must give bitwise
what the model gives. Prints the largest differences; exit code 1 where one is above 1e-5.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

warnings.filterwarnings("ignore")


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity() if stride == 1 and inputs == outputs else nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(Block(16, 16, 1), Block(16, 16, 1))
        self.layer2 = nn.Sequential(Block(16, 32, 2), Block(32, 32, 1))
        self.fc = nn.Linear(32, 10)

    def forward(self, x):
        x = F.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = F.adaptive_avg_pool2d(self.layer2(self.layer1(x)), 1)
        return self.fc(torch.flatten(x, 1))


class VisionTransformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 32, 8, 8)
        self.token = nn.Parameter(torch.randn(1, 1, 32))
        self.places = nn.Parameter(torch.randn(1, 17, 32))
        layer = nn.TransformerEncoderLayer(
            32, 4, 64, 0.0, "gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.norm = nn.LayerNorm(32)
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.places
        return self.head(self.norm(self.encoder(x))[:, 0])


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, 1, 1)
        self.norm = nn.GroupNorm(2, 8)
        self.down = nn.Conv2d(8, 16, 3, 2, 1)
        self.instance = nn.InstanceNorm2d(16, affine=True)
        self.up = nn.ConvTranspose2d(16, 8, 2, 2)
        self.last = nn.Conv2d(16, 3, 3, 1, 1)

    def forward(self, x):
        a = F.silu(self.norm(self.first(x)))
        b = F.hardswish(self.instance(self.down(a)))
        y = self.last(torch.cat([self.up(b), a], 1))
        y = F.interpolate(y, scale_factor=2, mode="bilinear")
        y = F.interpolate(y, size=(24, 24), mode="bicubic")
        y = F.interpolate(y, scale_factor=2.0, mode="nearest")
        padded = F.pad(y, (1, 1, 2, 2), "reflect")[:, :, :48, :48].repeat(1, 4, 1, 1)
        return F.pixel_shuffle(padded, 2), torch.topk(y.flatten(1), 5)[0]


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(32, 96)
        self.bias = nn.Parameter(torch.randn(4, 16, 16))

    def forward(self, x):
        n, length, width = x.shape
        q, k, v = self.qkv(x).reshape(n, length, 3, 4, 8).permute(2, 0, 3, 1, 4).unbind(0)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=self.bias[None])
        z = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        mixed = (torch.roll(y, 2, 2) + z).transpose(1, 2).reshape(n, length, width)
        places = mixed.softmax(-1).argmax(-1).float()
        return places + torch.einsum("bhid,bhjd->bhij", q, k).mean((1, 3))


def export(model, x, path, dynamo, is_open, names):
    options = {"input_names": ["x"], "output_names": names}
    if dynamo:
        if is_open:
            options["dynamic_shapes"] = ({0: torch.export.Dim("batch")},)
        torch.onnx.export(model, (x,), path, dynamo=True, verbose=False, **options)
    else:
        if is_open:
            options["dynamic_axes"] = {"x": {0: "batch"}}
        torch.onnx.export(model, (x,), path, dynamo=False, opset_version=17, **options)


def run(retort, arguments, names, folder):
    files = [os.path.join(folder, f"{name}.npy") for name in names]
    command = [retort, "run", *arguments]
    for name, file in zip(names, files):
        command += ["--output", f"{name}={file}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return [np.load(file) for file in files]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--retort", required=True, help="the program")
    retort = parser.parse_args().retort
    torch.manual_seed(0)
    failed = False
    networks = [
        (ResNet(), (2, 3, 32, 32)), (VisionTransformer(), (2, 3, 32, 32)), (UNet(), (2, 3, 16, 16)),
        (Attention(), (2, 16, 32)),
    ]
    for model, shape in networks:
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2)
        model.eval()
        x = torch.randn(*shape)
        with torch.no_grad():
            expected = model(x)
        expected = [y.numpy() for y in (expected if isinstance(expected, tuple) else (expected,))]
        names = [f"y{index}" for index in range(len(expected))]
        for dynamo in (False, True):
            for is_open in (False, True):
                title = (f"{type(model).__name__}, {'dynamo' if dynamo else 'TorchScript'}, "
                         f"{'open' if is_open else 'fixed'} batch")
                with tempfile.TemporaryDirectory() as folder:
                    path = os.path.join(folder, "model.onnx")
                    export(model, x, path, dynamo, is_open, names)
                    array = os.path.join(folder, "x.npy")
                    np.save(array, x.numpy())
                    given = ["--input", f"x={array}"]
                    try:
                        direct = run(retort, [path, *given], names, folder)
                        graph = os.path.join(folder, "model.graph")
                        bound = ["--set", f"batch={shape[0]}"] if is_open else []
                        subprocess.run([retort, "import", path, *bound, "-o", graph],
                                       check=True, capture_output=True)
                        weights = os.path.join(folder, "model.safetensors")
                        written = run(
                            retort, [graph, "--weights", weights, *given], names, folder)
                    except (RuntimeError, subprocess.CalledProcessError) as error:
                        print(f"{title}: {error}")
                        failed = True
                        continue
                worst = max(float(np.abs(a - b).max()) for a, b in zip(direct, expected))
                same = all(np.array_equal(a, b) for a, b in zip(direct, written))
                failed |= worst > 1e-5 or not same
                print(f"{title}: worst {worst:.1e}, definition {'same' if same else 'differs'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
