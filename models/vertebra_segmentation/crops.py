"""Endless random training crops for one of the two networks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.vertebra_segmentation.appearance import as_other_scanner, with_other_contrast, with_other_density
from models.vertebra_segmentation.deformation import Deformation, random_view, sampled
from models.vertebra_segmentation.grid import Image, averaged
from models.vertebra_segmentation.labels import IGNORE, fine_index
from models.vertebra_segmentation.phantoms import spineless
from models.vertebra_segmentation.sources import PADDING_HU, LabelledScan, labels_on


@dataclass(frozen=True, slots=True)
class CropPlan:
    """What the crops of one stage look like; sizes are multiples of the network's stride."""

    spacing_mm: float
    cache_mm: float
    sizes: Sequence[tuple[int, int, int]]
    jitter_mm: tuple[float, float, float]
    deformation: Deformation
    shares: Mapping[str, float]
    """How often each scan is drawn, by name."""
    spineless: float = 0.0
    """Share of crops that show a phantom without a spine."""


COARSE_CROPS = CropPlan(
    spacing_mm=4.0,
    cache_mm=3.0,
    sizes=((32, 48, 48), (48, 48, 64), (64, 48, 64), (64, 64, 64), (80, 48, 48), (80, 64, 80)),
    jitter_mm=(80.0, 25.0, 30.0),
    deformation=Deformation(),
    shares={"LIDC-IDRI-0001": 0.52, "ts_example": 0.4, "ts_j2k": 0.08},
    spineless=0.08,
)
FINE_CROPS = CropPlan(
    spacing_mm=2.0,
    cache_mm=1.5,
    sizes=((48, 48, 48), (64, 48, 48)),
    jitter_mm=(30.0, 12.0, 12.0),
    deformation=Deformation(bend_mm=(4.0, 3.0, 3.0), flip=True),
    shares={"LIDC-IDRI-0001": 0.45, "ts_example": 0.3, "ts_j2k": 0.08, "tptbox": 0.17},
)


@dataclass(frozen=True, slots=True)
class Crops:
    """HU (crop, slice, row, column) and the class of each voxel; IGNORE where unknown."""

    hu: Tensor
    labels: Tensor


@dataclass(frozen=True, slots=True)
class _Cached:
    hu: Tensor
    coarse: Tensor | None
    fine: Tensor
    spacing_mm: Tensor
    anchors_mm: Tensor
    """Positions of body voxels, around which crops are centred."""


def _cached(scan: LabelledScan, cache_mm: float) -> _Cached:
    image = scan.hu
    if cache_mm > float(image.spacing_mm.max()) * 1.2:
        image = averaged(image, cache_mm)
    spacing = torch.tensor(image.spacing_mm, dtype=torch.float32)

    def onto(labels: np.ndarray) -> Tensor:
        return torch.from_numpy(labels_on(image, Image(labels, scan.hu.affine_lps)).astype(np.float32))

    fine = onto(scan.fine)
    bodies = (fine == fine_index("body_rim")) | (fine == fine_index("body_core"))
    anchors = torch.nonzero(bodies).float() * spacing
    coarse = None if scan.coarse is None else onto(scan.coarse)
    return _Cached(torch.from_numpy(np.asarray(image.values, np.float32)), coarse, fine, spacing, anchors)


class RandomCrops:
    """Draws crops for one stage from scans held in memory at a resolution near the network's."""

    def __init__(self, plan: CropPlan, scans: Sequence[LabelledScan], *, coarse: bool) -> None:
        self._plan = plan
        self._coarse = coarse
        used = [scan for scan in scans if plan.shares.get(scan.name, 0) > 0]
        self._scans = [_cached(scan, plan.cache_mm) for scan in used]
        self._shares = torch.tensor([plan.shares[scan.name] for scan in used])

    def draw(self, count: int, generator: torch.Generator) -> Crops:
        """Some crops of one random size, each deformed and altered in appearance."""
        size = self._plan.sizes[int(torch.randint(len(self._plan.sizes), (1,), generator=generator))]
        drawn = [self._one(size, generator) for _ in range(count)]
        return Crops(torch.stack([hu for hu, _ in drawn]), torch.stack([labels for _, labels in drawn]))

    def _one(self, size: tuple[int, int, int], generator: torch.Generator) -> tuple[Tensor, Tensor]:
        plan = self._plan
        if torch.rand(1, generator=generator) < plan.spineless:
            hu = as_other_scanner(spineless(size, plan.spacing_mm, generator), plan.spacing_mm, generator)
            return hu, torch.zeros(size, dtype=torch.long)
        scan = self._scans[int(torch.multinomial(self._shares, 1, generator=generator))]
        anchor = scan.anchors_mm[int(torch.randint(len(scan.anchors_mm), (1,), generator=generator))]
        centre = anchor + torch.randn(3, generator=generator) * torch.tensor(plan.jitter_mm) * 0.6
        positions = random_view(size, plan.spacing_mm, self._inside(centre, size, scan), plan.deformation, generator)
        hu = sampled(scan.hu, scan.spacing_mm, positions, nearest=False, outside=PADDING_HU)
        fine = sampled(scan.fine, scan.spacing_mm, positions, nearest=True, outside=IGNORE)
        coarse = None
        if scan.coarse is not None:
            coarse = sampled(scan.coarse, scan.spacing_mm, positions, nearest=True, outside=IGNORE)
        outside = fine == IGNORE
        if torch.rand(1, generator=generator) < 0.75:
            hu = with_other_density(hu, fine, coarse, generator)
            hu = hu if coarse is None else with_other_contrast(hu, coarse, generator)
        hu = as_other_scanner(hu, plan.spacing_mm, generator).masked_fill(outside, PADDING_HU)
        labels = coarse if self._coarse and coarse is not None else fine
        return hu, labels.long()

    def _inside(self, centre_mm: Tensor, size: tuple[int, int, int], scan: _Cached) -> Tensor:
        """The centre moved so that the crop shows as little as possible from beyond the scan's first and last slice."""
        extent = float((scan.hu.shape[0] - 1) * scan.spacing_mm[0])
        half = min(size[0] * self._plan.spacing_mm / 2, extent / 2)
        moved = centre_mm.clone()
        moved[0] = centre_mm[0].clamp(half, extent - half)
        return moved
