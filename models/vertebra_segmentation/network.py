"""The network of both stages: a small U-Net that works at half the resolution of its input.

The input is rearranged from space to depth, so every convolution sees eight times fewer voxels;
the logits are rearranged back, so outlines keep the full resolution.
"""

from collections.abc import Sequence

import torch
from monai.networks.nets.dynunet import DynUNet
from monai.networks.utils import pixelshuffle, pixelunshuffle
from torch import Tensor, nn
from torch.nn import functional

STRIDE = 16
"""Every side of an input must be a multiple of this."""

HU_WINDOWS = ((-1024.0, 1024.0), (-150.0, 350.0))
"""Each window becomes a channel in [-1, 1]: everything, and soft tissue to trabecular bone."""


class HalfResolutionUNet(nn.Module):
    """MONAI's DynUNet between pixel unshuffle and pixel shuffle."""

    def __init__(self, classes: int, filters: Sequence[int]) -> None:
        super().__init__()
        self.classes = classes
        self.unet = DynUNet(
            spatial_dims=3,
            in_channels=len(HU_WINDOWS) * 8,
            out_channels=classes * 8,
            kernel_size=[3] * len(filters),
            strides=[1, *[2] * (len(filters) - 1)],
            upsample_kernel_size=[2] * (len(filters) - 1),
            filters=list(filters),
        )

    def forward(self, windowed: Tensor) -> Tensor:
        """Logits (batch, class, slice, row, column) from windowed HU of the same grid."""
        logits: Tensor = pixelshuffle(self.unet(pixelunshuffle(windowed, 3, 2)), 3, 2)
        return logits

    def features(self, windowed: Tensor) -> Tensor:
        """What `forward` knows before its last layer: (batch, filter, slice, row, column) at half the resolution."""
        features: Tensor = self.unet.skip_layers(pixelunshuffle(windowed, 3, 2))
        return features

    def probabilities(self, features: Tensor) -> Tensor:
        """The last layer for any part of the features: softmax of the logits that `forward` gives there.

        A 1 x 1 x 1 convolution is a matrix product, and the softmax comes before the shuffle, where memory is
        contiguous.
        """
        batch, filters, *half = features.shape
        last = self.unet.output_block.conv.conv
        weight = last.weight.view(1, -1, filters).expand(batch, -1, -1)
        logits = torch.baddbmm(last.bias[:, None], weight, features.reshape(batch, filters, -1))
        found = logits.view(batch, self.classes, -1).softmax(1)
        shuffled: Tensor = pixelshuffle(found.view(batch, -1, *half), 3, 2)
        return shuffled


class _InstanceNorm(nn.InstanceNorm3d):
    """The same normalisation, as batch normalisation of one grid after the other.

    Torch's own puts the channels first in memory again.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Each channel of each grid to its own mean and deviation."""
        return self._one(features) if len(features) == 1 else torch.cat([self._one(grid[None]) for grid in features])

    def _one(self, grid: Tensor) -> Tensor:
        return functional.batch_norm(grid, None, None, self.weight, self.bias, training=True, eps=self.eps)


def for_inference(network: HalfResolutionUNet) -> HalfResolutionUNet:
    """Keep the channels last in memory, in place: convolutions need not rearrange them, an eighth of their time."""
    for module in list(network.modules()):
        for name, norm in module.named_children():
            if isinstance(norm, nn.InstanceNorm3d):
                same = _InstanceNorm(norm.num_features, eps=norm.eps, affine=True)
                same.weight, same.bias = norm.weight, norm.bias
                setattr(module, name, same)
        if isinstance(module, nn.Conv3d | nn.ConvTranspose3d):
            module.weight.data = module.weight.data.contiguous(memory_format=torch.channels_last_3d)
    return network


def windowed(hu: Tensor) -> Tensor:
    """HU (batch, 1, slice, row, column) as one channel per window, each in [-1, 1]."""
    channels = [(hu.clamp(low, high) - low) * (2 / (high - low)) - 1 for low, high in HU_WINDOWS]
    return torch.cat(channels, dim=1)
