"""Random views of a labelled scan: one resampling turns, scales, bends and crops at once."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Deformation:
    """How far a view may depart from the scan it is cut from."""

    turn_degrees: float = 12.0
    scale_range: tuple[float, float] = (0.82, 1.22)
    axis_scale_range: tuple[float, float] = (0.9, 1.1)
    bend_mm: tuple[float, float, float] = (10.0, 6.0, 6.0)
    bend_nodes: int = 5
    flip: bool = False


def _uniform(low: float, high: float, generator: torch.Generator, count: int = 1) -> Tensor:
    return torch.rand(count, generator=generator) * (high - low) + low


def _rotation(limit_degrees: float, generator: torch.Generator) -> Tensor:
    """Product of three turns about the slice, row and column axes."""
    angles = torch.deg2rad(_uniform(-limit_degrees, limit_degrees, generator, 3))
    result = torch.eye(3)
    for axis, angle in enumerate(angles):
        first, second = [a for a in range(3) if a != axis]
        turn = torch.eye(3)
        turn[first, first] = turn[second, second] = torch.cos(angle)
        turn[first, second], turn[second, first] = -torch.sin(angle), torch.sin(angle)
        result = result @ turn
    return result


def random_view(
    size: tuple[int, int, int],
    spacing_mm: float,
    centre_mm: Tensor,
    deformation: Deformation,
    generator: torch.Generator,
) -> Tensor:
    """Source positions (slice, row, column, 3) in mm of every voxel of a randomly deformed crop.

    `centre_mm` is the source position, from the first voxel, that the middle of the crop shows.
    """
    axes = [(torch.arange(n) - (n - 1) / 2) * spacing_mm for n in size]
    offsets = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)
    scale = _uniform(*deformation.scale_range, generator) * _uniform(*deformation.axis_scale_range, generator, 3)
    if deformation.flip and float(_uniform(0, 1, generator)) < 0.5:
        scale[2] = -scale[2]
    matrix = _rotation(deformation.turn_degrees, generator) * (1 / scale)
    nodes = (deformation.bend_nodes,) * 3
    bend = torch.randn((1, 3, *nodes), generator=generator) * torch.tensor(deformation.bend_mm).view(1, 3, 1, 1, 1)
    bend = bend * _uniform(0, 0.7, generator)
    field = functional.interpolate(bend, size=size, mode="trilinear", align_corners=True)[0].permute(1, 2, 3, 0)
    return offsets @ matrix.T + centre_mm + field


def sampled(volume: Tensor, spacing_mm: Tensor, positions_mm: Tensor, *, nearest: bool, outside: float) -> Tensor:
    """Values of a (slice, row, column) volume of any type at positions in mm; `outside` where it has none."""
    first = (positions_mm.amin(dim=(0, 1, 2)) / spacing_mm).floor().long().clamp(min=0)
    last = (positions_mm.amax(dim=(0, 1, 2)) / spacing_mm).ceil().long() + 1
    first = torch.minimum(first, torch.tensor(volume.shape) - 2)
    last = torch.minimum(torch.maximum(last, first + 2), torch.tensor(volume.shape))
    box = volume[first[0] : last[0], first[1] : last[1], first[2] : last[2]].float()
    extent = (torch.tensor(box.shape, dtype=torch.float32) - 1) * spacing_mm
    unit = ((positions_mm - first * spacing_mm) / extent * 2 - 1).flip(-1)
    mode = "nearest" if nearest else "bilinear"
    values = functional.grid_sample(
        (box - outside)[None, None], unit[None], mode=mode, padding_mode="zeros", align_corners=True
    )
    return values[0, 0] + outside
