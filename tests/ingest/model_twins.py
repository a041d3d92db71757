"""The twins of three models: which terms each of their channels has, written down module by module."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn
from torchvision.models.googlenet import Inception

from ingest.demo.model import DigitsNet
from tests.ingest.twins import Maps, Twin, array, convolution, max_pool, relu, term
from tests.models.resnet20 import BasicBlock, ResNet20


class TwoInceptions(nn.Module):
    """A stem and two of GoogLeNet's modules, a max-pool between them."""

    layers = ("stem", "first", "second")

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 10, 3, stride=2, padding=1), nn.BatchNorm2d(10), nn.ReLU())
        self.first = Inception(10, 5, 6, 8, 3, 7, 6)
        self.pool = nn.MaxPool2d(3, stride=2)
        self.second = Inception(26, 8, 9, 12, 4, 6, 6)
        self.linear = nn.Linear(32, 4)

    def forward(self, images: Tensor) -> Tensor:  # (B, 3, H, W) -> (B, 4)
        x = self.second(self.pool(self.first(self.stem(images))))
        logits: Tensor = self.linear(x.mean(dim=(2, 3)))
        return logits


def resnet20_twin(model: ResNet20, images: Tensor) -> Twin:
    """ResNet-20 with every block chosen: each reads the block before it and, inside, its own first convolution."""
    twin = Twin()
    x, before = relu(convolution("image", array(images), model.conv1, model.bn1)[1]), ""
    for stage in ("layer1", "layer2", "layer3"):
        for place, block in enumerate(getattr(model, stage)):
            x = _block(twin, block, x, before, f"{stage}.{place}")
            before = f"{stage}.{place}"
    return twin


def _block(twin: Twin, block: BasicBlock, x: Maps, before: str, name: str) -> Maps:
    inner, hidden = convolution(before, x, block.conv1, block.bn1)
    terms, values = convolution(f"{name}.conv1", relu(hidden), block.conv2, block.bn2)
    subsampled = x[:, :, :: block.stride, :: block.stride]
    for channel in range(x.shape[1]):
        # The block before is complete before the convolution inside: its term comes first.
        terms[channel + block.padded].insert(0, term(before, channel, subsampled[:, channel]))
        values[:, channel + block.padded] += subsampled[:, channel]
    twin.values[name] = relu(values)
    if before:  # The lowest block reads no chosen layer: it has no hops.
        twin.terms[f"{name}.conv1"] = inner
        twin.terms[name] = terms
    return twin.values[name]


def two_inceptions_twin(model: TwoInceptions, images: Tensor) -> Twin:
    """Branches 1 and 4 read the layer before, branches 2 and 3 an inner convolution; pools act on what is read."""
    twin = Twin()
    convolution_, norm, _ = model.stem
    stem = relu(convolution("image", array(images), convolution_, norm)[1])
    twin.values["stem"] = stem
    first = _googlenet_module(twin, model.first, stem, "stem", "first")
    _googlenet_module(twin, model.second, max_pool(first, 3, 2), "first", "second")
    return twin


def _googlenet_module(twin: Twin, module: Inception, x: Maps, before: str, name: str) -> Maps:
    branch1 = module.branch1
    parts = [convolution(before, x, branch1.conv, branch1.bn)]
    for branch in ("branch2", "branch3"):
        reduce, wide = getattr(module, branch)
        twin.terms[f"{name}.{branch}.0.conv"], reduced = convolution(before, x, reduce.conv, reduce.bn)
        parts.append(convolution(f"{name}.{branch}.0.conv", relu(reduced), wide.conv, wide.bn))
    projection = module.branch4[1]
    parts.append(convolution(before, max_pool(x, 3, 1, padding=1), projection.conv, projection.bn))
    twin.terms[name] = [channel for terms, _ in parts for channel in terms]
    twin.values[name] = relu(np.concatenate([values for _, values in parts], axis=1))
    return twin.values[name]


def digits_net_twin(model: DigitsNet, images: Tensor) -> Twin:
    """The demo's model: inception, a residual block behind a pool, channels passed on and shuffled, a convolution."""
    twin = Twin()
    stem = relu(convolution("image", array(images), *_pair(model.stem))[1])
    twin.values["stem"] = stem
    pooled = max_pool(_digits_inception(twin, model.inception, stem), 2, 2)
    residual = _digits_residual(twin, model.residual, pooled)
    shuffle = _digits_shuffle(twin, model.shuffle, residual)
    twin.terms["head"], values = convolution("shuffle", shuffle, *_pair(model.head))
    twin.values["head"] = relu(values)
    return twin


def _digits_inception(twin: Twin, module: nn.Module, x: Maps) -> Maps:
    point, wide, behind_pool, reduce = (
        module.get_submodule(name) for name in ("branch_1x1", "branch_3x3", "branch_pool", "reduce")
    )
    twin.terms["inception.reduce.0"], reduced = convolution("stem", x, *_pair(reduce))
    parts = [
        convolution("stem", x, *_pair(point)),
        convolution("inception.reduce.0", relu(reduced), *_pair(wide)),
        convolution("stem", max_pool(x, 3, 1, padding=1), *_pair(behind_pool)),
    ]
    twin.terms["inception"] = [channel for terms, _ in parts for channel in terms]
    twin.values["inception"] = relu(np.concatenate([values for _, values in parts], axis=1))
    return twin.values["inception"]


def _digits_residual(twin: Twin, module: nn.Module, x: Maps) -> Maps:
    twin.terms["residual.first.0"], hidden = convolution("inception", x, *_pair(module.get_submodule("first")))
    terms, values = convolution("residual.first.0", relu(hidden), *_pair(module.get_submodule("second")))
    for channel, own in enumerate(terms):
        own.insert(0, term("inception", channel, x[:, channel]))
    twin.terms["residual"], twin.values["residual"] = terms, relu(x + values)
    return twin.values["residual"]


def _digits_shuffle(twin: Twin, module: nn.Module, x: Maps) -> Maps:
    half = x.shape[1] // 2
    first, depthwise, last = (module.get_submodule(f"branch.{place}") for place in range(3))
    twin.terms["shuffle.branch.0.0"], narrow = convolution("residual", x[:, half:], *_pair(first), first_channel=half)
    twin.terms["shuffle.branch.1.0"], spread = convolution("shuffle.branch.0.0", relu(narrow), *_pair(depthwise))
    changed, values = convolution("shuffle.branch.1.0", spread, *_pair(last))
    twin.terms["shuffle"] = []
    for channel in range(half):
        twin.terms["shuffle"] += [[term("residual", channel, x[:, channel])], changed[channel]]
    both = np.stack([x[:, :half], relu(values)], axis=2)  # (B, half, 2, H, W)
    twin.values["shuffle"] = both.reshape(x.shape)
    return twin.values["shuffle"]


def _pair(block: nn.Module) -> tuple[nn.Module, nn.Module]:
    """The convolution and the batch-norm of a block."""
    convolution_, norm = list(block.children())[:2]
    return convolution_, norm
