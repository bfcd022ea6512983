"""Random appearance: the same anatomy with other bone density, contrast phase, kernel, noise and slices.

HU are absolute in CT, so each tissue moves only as far as bodies and scanners move it.
"""

import torch
from torch import Tensor
from torch.nn import functional

from models.vertebra_segmentation.labels import BODY_CLASSES, coarse_index, fine_index

BONE_SHIFT_HU = (-70.0, 160.0)
UNENHANCED_BLOOD_HU = (30.0, 60.0)
ENHANCED_BLOOD_HU = (110.0, 450.0)
ORGAN_SHIFT_HU = (-20.0, 60.0)

_ENHANCING_ORGANS = ("liver", "kidney", "spleen")
_VESSELS = ("aorta", "heart")


def _uniform(low: float, high: float, generator: torch.Generator) -> float:
    return float(torch.rand(1, generator=generator)) * (high - low) + low


def _chance(probability: float, generator: torch.Generator) -> bool:
    return float(torch.rand(1, generator=generator)) < probability


def _soft(mask: Tensor) -> Tensor:
    """A mask whose edge spreads over one voxel either side."""
    return functional.avg_pool3d(mask.float()[None, None], 3, 1, 1)[0, 0]


def with_other_density(hu: Tensor, fine: Tensor, coarse: Tensor | None, generator: torch.Generator) -> Tensor:
    """Trabecular bone denser or emptier, each body by a little of its own; the shell moves half as far."""
    shift = _uniform(*BONE_SHIFT_HU, generator)
    core, rim, arch = (fine == fine_index(n) for n in ("body_core", "body_rim", "posterior_elements"))
    change = _soft(core) * shift + _soft(rim) * (shift / 2) + _soft(arch) * (shift / 3)
    if coarse is not None:
        for name in BODY_CLASSES:
            body = coarse == coarse_index(name)
            if bool(body.any()):
                change = change + body * _uniform(-25, 25, generator)
    return hu + change


def with_other_contrast(hu: Tensor, coarse: Tensor, generator: torch.Generator) -> Tensor:
    """Blood and organs of another contrast phase."""
    aorta = coarse == coarse_index("aorta")
    if bool(aorta.any()):
        blood = ENHANCED_BLOOD_HU if _chance(0.45, generator) else UNENHANCED_BLOOD_HU
        shift = _uniform(*blood, generator) - float(hu[aorta].median())
        vessels = sum((_soft(coarse == coarse_index(n)) for n in _VESSELS), torch.zeros_like(hu))
        hu = hu + vessels * shift
    for name in _ENHANCING_ORGANS:
        organ = coarse == coarse_index(name)
        if bool(organ.any()):
            hu = hu + _soft(organ) * _uniform(*ORGAN_SHIFT_HU, generator)
    return hu


def _blurred(hu: Tensor, sigma_voxels: tuple[float, float, float]) -> Tensor:
    volume = hu[None, None]
    for axis, sigma in enumerate(sigma_voxels):
        if sigma < 0.2:
            continue
        radius = max(1, round(2.5 * sigma))
        kernel = torch.exp(-((torch.arange(-radius, radius + 1) / sigma) ** 2) / 2)
        shape, padding = [1, 1, 1, 1, 1], [0, 0, 0]
        shape[2 + axis], padding[axis] = len(kernel), radius
        edges = [p for pad in reversed(padding) for p in (pad, pad)]
        padded = functional.pad(volume, edges, mode="replicate")
        volume = functional.conv3d(padded, (kernel / kernel.sum()).view(shape))
    return volume[0, 0]


def as_other_scanner(hu: Tensor, spacing_mm: float, generator: torch.Generator) -> Tensor:
    """Another kernel (softer or sharper), thicker slices, noise, tube voltage and offset."""
    if _chance(0.35, generator):
        sigma = _uniform(0.0, 1.6, generator) / spacing_mm
        hu = _blurred(hu, (sigma, sigma, sigma))
    elif _chance(0.4, generator):
        hu = hu + _uniform(0.2, 1.0, generator) * (hu - _blurred(hu, (0.7, 0.7, 0.7)))
    noise = torch.randn(hu.shape, generator=generator) * (_uniform(0, 1, generator) ** 2 * 60)
    if _chance(0.5, generator):
        noise = _blurred(noise, (0.5, 0.8, 0.8)) * 2
    hu = hu + noise
    thickness = round(5 / spacing_mm) if _chance(0.5, generator) else round(3.5 / spacing_mm)
    if thickness > 1 and _chance(0.4, generator):
        thick = functional.avg_pool3d(hu[None, None], (thickness, 1, 1), ceil_mode=True, count_include_pad=False)
        hu = functional.interpolate(thick, size=hu.shape, mode="trilinear", align_corners=False)[0, 0]
    bone_gain = _uniform(0.93, 1.15, generator)
    hu = torch.where(hu > 100, 100 + (hu - 100) * bone_gain, hu)
    return hu + _uniform(-12, 12, generator)
