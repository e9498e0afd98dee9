"""Pictures in, what a trained network sees in them out, layer by layer: what textures are compared by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from restore.errors import PartError
from restore.nets import files, inference, shelf
from restore.nets.smooth import SCALE
from restore.nets.thin import FOLD_PX, ThinNet

See = Callable[[Tensor], tuple[Tensor, ...]]
VGG_BLOCKS = (2, 2, 4, 4)
"""Layers of the first blocks of VGG-19 (Simonyan and Zisserman, ICLR 2015); each block ends in a halving."""
VGG_MEAN, VGG_SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Features:
    """What a trained network sees."""

    see: See
    origin: str
    """Digest of its weights."""

    def __call__(self, picture: Tensor) -> tuple[Tensor, ...]:
        """Return layers (n, c, h', w') of pictures (n, 3, h, w) in [0, 1]."""
        return self.see(picture)


def features_of(path: Path | None) -> Features:
    """Return the features of a VGG-19 of the user's (safetensors, named as torchvision does), or of the filler `thin`.

    Raises PartError where the file holds no VGG-19.
    """
    if path is None:
        ours = shelf.shipped("thin")
        digest = shelf.sha256(ours)
        return Features(Thin(inference.filler("thin", ours, digest)), digest)
    tensors, _ = files.read(path)
    return Features(Vgg.of(tensors, path), shelf.sha256(path))


class Thin:
    """What the filler `thin` sees when there is nothing to fill: edges and texture, at a quarter of the size."""

    def __init__(self, net: nn.Module) -> None:
        """Use a trained network."""
        if not isinstance(net, ThinNet):
            raise TypeError(f"{type(net).__name__} is no ThinNet")
        self.net = net

    def __call__(self, picture: Tensor) -> tuple[Tensor, ...]:
        """Return two layers, after a third of the blocks and after nearly all."""
        around = (picture - picture.mean((1, 2, 3), keepdim=True)) * SCALE
        seen = torch.cat([around, torch.zeros_like(around[:, :1])], 1)
        net = self.net.to(picture.device)
        x, out = functional.silu(net.stem(functional.pixel_unshuffle(seen, FOLD_PX))), []
        for block in net.blocks:
            x = block(x)
            out.append(functional.avg_pool2d(x, 2))
        return out[len(out) // 3], out[-2]


class Vgg:
    """The layers relu3_2 and relu4_2 of VGG-19, as the paper has them."""

    def __init__(self, layers: list[tuple[Tensor, Tensor]]) -> None:
        """Use weights and biases, first layer first."""
        self.layers = layers

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], path: Path) -> Vgg:
        """Return it from tensors named features.N.weight and features.N.bias. Raises PartError for others."""
        numbers, at = [], 0
        for count in VGG_BLOCKS:
            numbers += [at + 2 * i for i in range(count)]
            at += 2 * count + 1
        names = [f"features.{n}.{k}" for n in numbers for k in ("weight", "bias")]
        missing = [name for name in names if name not in tensors]
        if missing:
            raise PartError(f"{path} holds no VGG-19: it has no {missing[0]}. Give weights named as torchvision does.")
        return cls([(tensors[f"features.{n}.weight"], tensors[f"features.{n}.bias"]) for n in numbers])

    def __call__(self, picture: Tensor) -> tuple[Tensor, ...]:
        """Return relu3_2 and relu4_2."""
        mean, spread = (torch.tensor(v, device=picture.device).view(3, 1, 1) for v in (VGG_MEAN, VGG_SPREAD))
        x, out, layers = (picture - mean) / spread, [], iter(self.layers)
        for block, count in enumerate(VGG_BLOCKS):
            x = functional.max_pool2d(x, 2) if block else x
            for n in range(count):
                weight, bias = next(layers)
                x = functional.relu(functional.conv2d(x, weight.to(x.device), bias.to(x.device), padding=1))
                if block >= 2 and n == 1:
                    out.append(x)
        return out[0], out[1]
