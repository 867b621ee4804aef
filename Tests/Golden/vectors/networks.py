"""The networks of graphs/models and the heads of graphs/objectives in PyTorch, at any width.

Attribute names make the state dict's keys equal the paths of the graphs' parameters.
"""
import torch
from torch import nn
import torch.nn.functional as F


def conv(inputs, outputs, kernel=3, stride=1, bias=False):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=bias)


class PreActBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), conv(inputs, outputs, stride=stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(outputs), conv(outputs, outputs)
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(conv(inputs, outputs, 1, stride))

    def forward(self, x):
        a = F.relu(self.bn1(x))
        past = self.shortcut(a) if hasattr(self, "shortcut") else x
        return self.conv2(F.relu(self.bn2(self.conv1(a)))) + past


class PreActResNet18(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1 = conv(3, width)
        inputs = width
        for stage in range(4):
            outputs, stride = width << stage, 1 if stage == 0 else 2
            blocks = [PreActBlock(inputs, outputs, stride), PreActBlock(outputs, outputs, 1)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
            inputs = outputs
        self.bn, self.linear = nn.BatchNorm2d(inputs), nn.Linear(inputs, 10)

    def forward(self, x):
        y = self.layer4(self.layer3(self.layer2(self.layer1(self.conv1(x)))))
        map = F.relu(self.bn(y))
        features = map.mean((2, 3))
        return self.linear(features), features, map


class WideBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), conv(inputs, outputs, stride=stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(outputs), conv(outputs, outputs)
        if inputs != outputs:
            self.convShortcut = conv(inputs, outputs, 1, stride)

    def forward(self, x):
        a = F.relu(self.bn1(x))
        past = self.convShortcut(a) if hasattr(self, "convShortcut") else x
        return self.conv2(F.relu(self.bn2(self.conv1(a)))) + past


class WideGroup(nn.Module):
    def __init__(self, layers, inputs, outputs, stride):
        super().__init__()
        self.layer = nn.Sequential(*[
            WideBlock(outputs if i else inputs, outputs, 1 if i else stride)
            for i in range(layers)])

    def forward(self, x):
        return self.layer(x)


class WideResNet(nn.Module):
    def __init__(self, depth, factor):
        super().__init__()
        layers, c = (depth - 4) // 6, [16, 16 * factor, 32 * factor, 64 * factor]
        self.conv1 = conv(3, 16)
        for group in range(3):
            stride = 2 if group else 1
            setattr(self, f"block{group + 1}", WideGroup(layers, c[group], c[group + 1], stride))
        self.bn1, self.fc = nn.BatchNorm2d(c[3]), nn.Linear(c[3], 10)

    def forward(self, x):
        map = F.relu(self.bn1(self.block3(self.block2(self.block1(self.conv1(x))))))
        features = map.mean((2, 3))
        return self.fc(features), features, map


class PlainBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, outputs, stride=stride), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = conv(outputs, outputs), nn.BatchNorm2d(outputs)
        self.stride, self.margin = stride, (outputs - inputs) // 2

    def forward(self, x):
        past = x
        if self.stride != 1:
            past = F.pad(F.avg_pool2d(x, 2), (0, 0, 0, 0, self.margin, self.margin))
        y = F.leaky_relu(self.bn1(self.conv1(x)), 0.1)
        return F.leaky_relu(self.bn2(self.conv2(y)) + past, 0.1)


class ResNet20(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.conv1, self.bn1 = conv(3, width), nn.BatchNorm2d(width)
        inputs = width
        for stage in range(3):
            outputs, stride = width << stage, 2 if stage else 1
            blocks = [PlainBlock(inputs, outputs, stride)]
            blocks += [PlainBlock(outputs, outputs, 1) for _ in range(2)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
            inputs = outputs
        self.linear = nn.Linear(inputs, 10)

    def forward(self, x):
        mean = torch.tensor([0.485, 0.456, 0.406], dtype=x.dtype).view(1, 3, 1, 1)
        deviation = torch.tensor([0.229, 0.224, 0.225], dtype=x.dtype).view(1, 3, 1, 1)
        y = F.leaky_relu(self.bn1(self.conv1((x - mean) / deviation)), 0.1)
        map = self.layer3(self.layer2(self.layer1(y)))
        features = map.mean((2, 3))
        return self.linear(features), features, map


class Contrastive(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.linear, self.bn3 = nn.Linear(channels, 128), nn.BatchNorm1d(128)
        self.linear2 = nn.Linear(128, 8)
        self.register_buffer("bank", torch.zeros(256, 8))

    def forward(self, features):
        return self.linear2(F.relu(self.bn3(self.linear(features))))


class Rotation(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv, self.bn = conv(channels, 128), nn.BatchNorm2d(128)
        self.linear = nn.Linear(128, 4)

    def forward(self, map):
        return self.linear(F.relu(self.bn(self.conv(map))).mean((2, 3)))


class Inpainting(nn.Module):
    def __init__(self, channels):
        super().__init__()
        widths = [channels, 128, 64]
        self.up = nn.ModuleList([
            nn.ConvTranspose2d(widths[i], widths[i + 1], 4, 2, 1, bias=False) for i in range(2)])
        self.bn = nn.ModuleList([nn.BatchNorm2d(widths[i + 1]) for i in range(2)])
        self.conv = conv(64, 3, bias=True)

    def forward(self, map):
        for up, bn in zip(self.up, self.bn):
            map = F.relu(bn(up(map)))
        return torch.sigmoid(self.conv(map))


class Heads(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.contrastive, self.rotation = Contrastive(channels), Rotation(channels)
        self.inpainting = Inpainting(channels)


class Classifier(nn.Module):
    def __init__(self, channels, hidden, answers):
        super().__init__()
        self.conv, self.bn = conv(channels, hidden), nn.BatchNorm2d(hidden)
        self.linear = nn.Linear(hidden, answers)

    def forward(self, map):
        return self.linear(F.relu(self.bn(self.conv(map))).mean((2, 3)))


class Decoder(nn.Module):
    def __init__(self, channels, widths, outputs):
        super().__init__()
        widths = [channels, *widths]
        steps = range(len(widths) - 1)
        self.up = nn.ModuleList([
            nn.ConvTranspose2d(widths[i], widths[i + 1], 4, 2, 1, bias=False) for i in steps])
        self.bn = nn.ModuleList([nn.BatchNorm2d(widths[i + 1]) for i in steps])
        self.conv = conv(widths[-1], outputs, bias=True)

    def forward(self, map):
        for up, bn in zip(self.up, self.bn):
            map = F.relu(bn(up(map)))
        return self.conv(map)


class FurtherHeads(nn.Module):
    """The heads of masks, puzzles and colours on a map; narrow, so that their file is small."""

    def __init__(self, channels, widths):
        super().__init__()
        self.mask, self.colour = Decoder(channels, widths, 3), Decoder(channels, widths, 2)
        self.jigsaw = Classifier(channels, 16, 24)


def draw_weights(module, seed, half=False):
    """Random weights in f64 that f32 (f16 with `half`) holds exactly; inference mode."""
    g = torch.Generator().manual_seed(seed)

    def draw(t, low, high):
        values = low + (high - low) * torch.rand(t.shape, generator=g, dtype=torch.float64)
        t.data = values.half().double() if half else values.float().double()

    for m in module.modules():
        if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            w = m.weight
            fan = w[0].numel() if not isinstance(m, nn.ConvTranspose2d) else w[:, 0].numel() / 4
            draw(w, -(6 / fan) ** 0.5, (6 / fan) ** 0.5)
            if m.bias is not None:
                draw(m.bias, -0.2, 0.2)
        elif isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d)):
            draw(m.weight, 0.5, 1.5)
            draw(m.bias, -0.3, 0.3)
            draw(m.running_mean, -0.3, 0.3)
            draw(m.running_var, 0.5, 2.0)
        elif isinstance(m, Contrastive):
            draw(m.bank, -1, 1)
    return module.eval()


def state(module, prefix=""):
    """The module's tensors by path, without the counters of batch norm."""
    return {prefix + k: v.detach().clone() for k, v in module.state_dict().items()
            if not k.endswith("num_batches_tracked")}
