"""Scans without a spine, made of ellipsoids and tubes: heads, limbs, plain blocks and air.

They teach the coarse network that round bone is not always a vertebra. Every voxel is background.
"""

import torch
from torch import Tensor

AIR_HU = -1000.0


def _uniform(low: float, high: float, generator: torch.Generator) -> float:
    return float(torch.rand(1, generator=generator)) * (high - low) + low


def spineless(size: tuple[int, int, int], spacing_mm: float, generator: torch.Generator) -> Tensor:
    """HU (slice, row, column) of a head, a limb, a block or air, chosen at random."""
    axes = [(torch.arange(n) - (n - 1) / 2) * spacing_mm for n in size]
    places = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)
    places = places + torch.randn(3, generator=generator) * 25
    kind = int(torch.randint(4, (1,), generator=generator))
    if kind == 0:
        return _head(places, generator)
    if kind == 1:
        return _limb(places, generator)
    if kind == 2:
        return _limb(places, generator, bones=2)
    return torch.full(size, _uniform(-1000, 500, generator))


def _head(places: Tensor, generator: torch.Generator) -> Tensor:
    """Brain in a skull in skin."""
    radii = torch.tensor([_uniform(60, 95, generator) for _ in range(3)])
    depth = (1 - (places / radii).norm(dim=-1)) * radii.min()
    skull = _uniform(4, 10, generator)
    hu = torch.full(depth.shape, AIR_HU)
    hu[depth > 0] = 20.0
    hu[(depth > 5) & (depth < 5 + skull)] = _uniform(500, 1500, generator)
    hu[depth >= 5 + skull] = _uniform(20, 45, generator)
    return hu


def _limb(places: Tensor, generator: torch.Generator, bones: int = 1) -> Tensor:
    """Muscle and fat around one or two tubes of bone that run in any direction."""
    along = torch.randn(3, generator=generator) * torch.tensor([1.5, 0.6, 0.6])
    along = along / along.norm()
    across = places - (places @ along)[..., None] * along
    distance = across.norm(dim=-1)
    outside = _uniform(35, 110, generator)
    hu = torch.full(distance.shape, AIR_HU)
    hu[distance < outside] = _uniform(-120, -80, generator)
    hu[distance < outside * _uniform(0.6, 0.98, generator)] = _uniform(20, 70, generator)
    for _ in range(bones):
        offset = torch.randn(3, generator=generator) * (12 if bones > 1 else 4)
        inner = (across - (offset - (offset @ along) * along)).norm(dim=-1)
        radius, cortex = _uniform(6, 32, generator), _uniform(1, 8, generator)
        hu[inner < radius] = _uniform(400, 1500, generator)
        hu[inner < radius - cortex] = _uniform(-90, 250, generator)
    return hu
