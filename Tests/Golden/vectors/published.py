"""The other networks of public checkpoints in PyTorch, at any width (DEFENCE 3.2, 3.3, 4).

Written from the descriptions of their architectures. Attribute names make the state dict's keys
those of the checkpoints. `python3 published.py` prints the counts of the full networks.
"""
import torch
from torch import nn
import torch.nn.functional as F

from networks import Contrastive, PreActResNet18, WideResNet, conv

CIFAR = (0.4914, 0.4822, 0.4465), (0.2471, 0.2435, 0.2616)
ENGSTROM = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def normalised(x, constants):
    means, deviations = (torch.tensor(c, dtype=x.dtype).view(1, 3, 1, 1) for c in constants)
    return (x - means) / deviations


def run_of(count, make):
    """A sequence of blocks, the first made with True."""
    return nn.Sequential(*[make(i == 0) for i in range(count)])


def pooled(classifier, map):
    features = map.mean((2, 3))
    return classifier(features), features, map


class RawPreActResNet18(PreActResNet18):
    """Shortcuts of the raw x, no last norm."""

    def __init__(self, width, constants=None):
        super().__init__(width)
        del self.bn
        self.constants = constants

    def forward(self, x):
        y = self.conv1(normalised(x, self.constants) if self.constants else x)
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            for block in stage:
                past = block.shortcut(y) if hasattr(block, "shortcut") else y
                a = block.conv1(F.relu(block.bn1(y)))
                y = block.conv2(F.relu(block.bn2(a))) + past
        return pooled(self.linear, y)


class LateConv(nn.Conv2d):
    """3×3; with stride 2 zeros stand on the right and below only."""

    def __init__(self, inputs, outputs, stride):
        super().__init__(inputs, outputs, 3, stride, 0, bias=False)
        self.margins = (1, 1, 1, 1) if stride == 1 else (0, 1, 0, 1)

    def forward(self, x):
        return super().forward(F.pad(x, self.margins))


class SwishWideBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.batchnorm_0, self.conv_0 = nn.BatchNorm2d(inputs), LateConv(inputs, outputs, stride)
        self.batchnorm_1, self.conv_1 = nn.BatchNorm2d(outputs), conv(outputs, outputs)
        self.shortcut = conv(inputs, outputs, 1, stride) if inputs != outputs else None

    def forward(self, x):
        a = F.silu(self.batchnorm_0(x))
        past = x if self.shortcut is None else self.shortcut(a)
        return past + self.conv_1(F.silu(self.batchnorm_1(self.conv_0(a))))


class SwishWideGroup(nn.Module):
    def __init__(self, count, inputs, outputs, stride):
        super().__init__()
        self.block = run_of(count, lambda first: SwishWideBlock(
            inputs if first else outputs, outputs, stride if first else 1))

    def forward(self, x):
        return self.block(x)


class SwishWideResNet(nn.Module):
    def __init__(self, depth=28, factor=10, base=16):
        super().__init__()
        widths = [base] + [base * factor << i for i in range(3)]
        self.init_conv = conv(3, base)
        self.layer = nn.Sequential(*[
            SwishWideGroup((depth - 4) // 6, widths[i], widths[i + 1], 2 if i else 1)
            for i in range(3)])
        self.batchnorm, self.logits = nn.BatchNorm2d(widths[3]), nn.Linear(widths[3], 10)

    def forward(self, x):
        y = self.layer(self.init_conv(normalised(x, CIFAR)))
        return pooled(self.logits, F.silu(self.batchnorm(y)))


class SwishPreActBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.batchnorm_0 = nn.BatchNorm2d(inputs)
        self.conv_2d_1 = LateConv(inputs, outputs, stride)
        self.batchnorm_1, self.conv_2d_2 = nn.BatchNorm2d(outputs), conv(outputs, outputs)
        changes = stride != 1 or inputs != outputs
        self.shortcut = LateConv(inputs, outputs, stride) if changes else None

    def forward(self, x):
        past = x if self.shortcut is None else self.shortcut(x)
        y = self.conv_2d_1(F.silu(self.batchnorm_0(x)))
        return past + self.conv_2d_2(F.silu(self.batchnorm_1(y)))


class SwishPreActResNet18(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.conv_2d = conv(3, width)
        for i in range(4):
            inputs, outputs = width << max(i - 1, 0), width << i
            setattr(self, f"layer_{i}", run_of(2, lambda first: SwishPreActBlock(
                inputs if first else outputs, outputs, 2 if first and i else 1)))
        self.batchnorm, self.logits = nn.BatchNorm2d(8 * width), nn.Linear(8 * width, 10)

    def forward(self, x):
        y = self.conv_2d(normalised(x, CIFAR))
        y = self.layer_3(self.layer_2(self.layer_1(self.layer_0(y))))
        return pooled(self.logits, F.silu(self.batchnorm(y)))


class ResBlock(nn.Module):
    """Basic or bottleneck, the activation behind the sum; the stride is in a 3×3 convolution."""

    def __init__(self, inputs, width, stride, bottleneck, shortcut):
        super().__init__()
        outputs = 4 * width if bottleneck else width
        if bottleneck:
            shapes = [(inputs, width, 1, 1), (width, width, 3, stride), (width, outputs, 1, 1)]
        else:
            shapes = [(inputs, width, 3, stride), (width, width, 3, 1)]
        for i, shape in enumerate(shapes):
            setattr(self, f"conv{i + 1}", conv(*shape))
            setattr(self, f"bn{i + 1}", nn.BatchNorm2d(shape[1]))
        self.layers, self.shortcut_name = len(shapes), shortcut
        if stride != 1 or inputs != outputs:
            setattr(self, shortcut, nn.Sequential(
                conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs)))

    def forward(self, x):
        y = x
        for i in range(1, self.layers + 1):
            y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
            if i < self.layers:
                y = F.relu(y)
        return F.relu(y + getattr(self, self.shortcut_name, nn.Identity())(x))


class ResNet(nn.Module):
    def __init__(self, blocks, width=64, bottleneck=False, constants=None, imagenet=False,
                 classes=10):
        super().__init__()
        self.constants, self.imagenet = constants, imagenet
        self.conv1 = conv(3, width, 7, 2) if imagenet else conv(3, width)
        self.bn1, inputs = nn.BatchNorm2d(width), width
        for stage, count in enumerate(blocks):
            stages = []
            for i in range(count):
                stages.append(ResBlock(
                    inputs, width << stage, 2 if stage and i == 0 else 1, bottleneck,
                    "downsample" if imagenet else "shortcut"))
                inputs = (width << stage) * (4 if bottleneck else 1)
            setattr(self, f"layer{stage + 1}", nn.Sequential(*stages))
        self.count, self.last = len(blocks), "fc" if imagenet else "linear"
        setattr(self, self.last, nn.Linear(inputs, classes))

    def forward(self, x):
        y = normalised(x, self.constants) if self.constants else x
        y = F.relu(self.bn1(self.conv1(y)))
        if self.imagenet:
            y = F.max_pool2d(y, 3, 2, 1)
        for stage in range(self.count):
            y = getattr(self, f"layer{stage + 1}")(y)
        return pooled(getattr(self, self.last), y)


class DenseLayer(nn.Module):
    def __init__(self, inputs, growth):
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(inputs), conv(inputs, 4 * growth, 1)
        self.norm2, self.conv2 = nn.BatchNorm2d(4 * growth), conv(4 * growth, growth)

    def forward(self, x):
        y = self.conv2(F.relu(self.norm2(self.conv1(F.relu(self.norm1(x))))))
        return torch.cat([x, y], 1)


class DenseNet(nn.Module):
    def __init__(self, layers, growth=32):
        super().__init__()
        c = 2 * growth
        parts = {"conv0": conv(3, c), "norm0": nn.BatchNorm2d(c), "relu0": nn.ReLU(),
                 "pool0": nn.MaxPool2d(3, 2, 1)}
        for b, count in enumerate(layers, 1):
            block = nn.Sequential()
            for i in range(count):
                block.add_module(f"denselayer{i + 1}", DenseLayer(c + i * growth, growth))
            parts[f"denseblock{b}"], c = block, c + count * growth
            if b < len(layers):
                turn = nn.Sequential()
                for name, module in (("norm", nn.BatchNorm2d(c)), ("relu", nn.ReLU()),
                                     ("conv", conv(c, c // 2, 1)), ("pool", nn.AvgPool2d(2))):
                    turn.add_module(name, module)
                parts[f"transition{b}"], c = turn, c // 2
        parts["norm5"] = nn.BatchNorm2d(c)
        self.features = nn.Sequential()
        for name, module in parts.items():
            self.features.add_module(name, module)
        self.classifier = nn.Linear(c, 10)

    def forward(self, x):
        return pooled(self.classifier, F.relu(self.features(normalised(x, CIFAR))))


class NamedConv(nn.Module):
    def __init__(self, inputs, outputs, kernel):
        super().__init__()
        self.layers = nn.Sequential()
        self.layers.add_module("Conv", conv(inputs, outputs, kernel))
        self.layers.add_module("BatchNorm", nn.BatchNorm2d(outputs))
        self.layers.add_module("ReLU", nn.ReLU())

    def forward(self, x):
        return self.layers(x)


class NetworkInNetwork(nn.Module):
    """[0, 1] images to four angles."""

    def __init__(self, width=192):
        super().__init__()
        first = [width, width * 5 // 6, width // 2]
        blocks, inputs = [], 3
        for b, kernel in enumerate((5, 5, 3, 3), 1):
            block = nn.Sequential()
            for i, outputs in enumerate(first if b == 1 else [width] * 3):
                layer = NamedConv(inputs, outputs, 1 if i else kernel)
                block.add_module(f"Block{b}_ConvB{i + 1}", layer)
                inputs = outputs
            if b == 1:
                block.add_module("Block1_MaxPool", nn.MaxPool2d(3, 2, 1))
            if b == 2:
                block.add_module("Block2_AvgPool", nn.AvgPool2d(3, 2, 1))
            blocks.append(block)
        last = nn.Sequential()
        last.add_module("Classifier", nn.Linear(width, 4))
        self._feature_blocks = nn.ModuleList(blocks + [last])

    def forward(self, x):
        for block in self._feature_blocks[:4]:
            x = block(x)
        return pooled(self._feature_blocks[4], x)


class ContextEncoder(nn.Module):
    """128×128 with the centre hidden -> the 64×64 centre."""

    def __init__(self, width=64, code=4000):
        super().__init__()
        encoder, inputs = [], 3
        for outputs in (width, width, 2 * width, 4 * width, 8 * width):
            encoder += [nn.Conv2d(inputs, outputs, 4, 2, 1), nn.BatchNorm2d(outputs),
                        nn.LeakyReLU(0.2)]
            inputs = outputs
        self.encoder = nn.Sequential(*encoder, nn.Conv2d(inputs, code, 4))
        decoder, inputs = [], code
        for i, outputs in enumerate((8 * width, 4 * width, 2 * width, width, 3)):
            how = (2, 1) if i else (1, 0)
            decoder += [nn.BatchNorm2d(inputs), nn.ReLU(),
                        nn.ConvTranspose2d(inputs, outputs, 4, *how)]
            inputs = outputs
        self.decoder = nn.Sequential(*decoder, nn.Tanh())

    def forward(self, x):
        return self.decoder(self.encoder(x))


def projection(features, hidden, embedding):
    head = Contrastive(features)
    head.linear, head.bn3 = nn.Linear(features, hidden), nn.BatchNorm1d(hidden)
    head.linear2 = nn.Linear(hidden, embedding)
    return head


def counts(module, *shape):
    """Parameters; multiply-accumulates of convolutions and products for one input."""
    total = 0

    def add(layer, inputs, output):
        nonlocal total
        if isinstance(layer, nn.ConvTranspose2d):
            total += inputs[0].numel() * layer.weight[0].numel()
        else:
            total += output.numel() * layer.weight[0].numel()

    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            layer.register_forward_hook(add)
    with torch.no_grad():
        module.eval()(torch.zeros(1, *shape, device="meta"))
    return sum(p.numel() for p in module.parameters()), total


def networks():
    """The full networks and heads by name: how to make one, and the shape of its input."""
    resnet50 = (3, 4, 6, 3)
    small, large, row = (3, 32, 32), (3, 224, 224), lambda c: (c,)
    return {
        "preactresnet18": (lambda: PreActResNet18(64), small),
        "preactresnet18_raw": (lambda: RawPreActResNet18(64, CIFAR), small),
        "small": (lambda: PreActResNet18(16), small),
        "preactresnet18_swish": (SwishPreActResNet18, small),
        "wide_resnet_28_10": (lambda: WideResNet(28, 10), small),
        "wide_resnet_34_10": (lambda: WideResNet(34, 10), small),
        "wide_resnet_34_20": (lambda: WideResNet(34, 20), small),
        "wide_resnet_swish_28_10": (SwishWideResNet, small),
        "wide_resnet_swish_70_16": (lambda: SwishWideResNet(70, 16), small),
        "resnet18": (lambda: ResNet((2, 2, 2, 2)), small),
        "resnet50": (lambda: ResNet(resnet50, 64, True, ENGSTROM), small),
        "resnet50_imagenet": (
            lambda: ResNet(resnet50, 64, True, IMAGENET, True, 1000), large),
        "densenet121": (lambda: DenseNet((6, 12, 24, 16)), small),
        "network_in_network": (NetworkInNetwork, small),
        "context_encoder": (ContextEncoder, (3, 128, 128)),
        "head of 640": (lambda: projection(640, 256, 16), row(640)),
        "head of 512": (lambda: projection(512, 128, 8), row(512)),
        "head of 1024": (lambda: projection(1024, 128, 8), row(1024)),
        "head of 2048": (lambda: projection(2048, 512, 128), row(2048)),
    }


def main():
    for name, (make, shape) in networks().items():
        with torch.device("meta"):
            module = make()
            print(name, *counts(module, *shape))


if __name__ == "__main__":
    main()
