"""Endless random training crops for one of the two networks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.vertebra_segmentation.appearance import as_other_scanner, with_other_contrast, with_other_density
from models.vertebra_segmentation.deformation import Deformation, random_view, sampled
from models.vertebra_segmentation.grid import Image, averaged
from models.vertebra_segmentation.labels import BODY_CLASSES, IGNORE, UNNAMED, coarse_index, fine_index
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
    """How often each real scan is drawn in relation to the others, by name; 0 for one that is not there."""
    spineless: float = 0.0
    """Share of crops that show a phantom without a spine."""
    margin_mm: float | None = None
    """How much around the spine a simulated scan keeps; None for all of it."""


COARSE_CROPS = CropPlan(
    spacing_mm=4.0,
    cache_mm=3.0,
    sizes=((32, 48, 48), (48, 48, 64), (64, 48, 64), (64, 64, 64), (80, 48, 48), (80, 64, 80)),
    jitter_mm=(80.0, 25.0, 30.0),
    deformation=Deformation(),
    shares={
        "LIDC-IDRI-0001": 4,
        "ts_example": 3,
        "lidc_0314": 3,
        "crlm_1004": 3,
        "lung4d_113": 1.5,
        "ts_j2k": 0.5,
    },
    spineless=0.05,
)
FINE_CROPS = CropPlan(
    spacing_mm=2.0,
    cache_mm=1.5,
    sizes=((48, 48, 48), (64, 48, 48)),
    jitter_mm=(30.0, 12.0, 12.0),
    deformation=Deformation(bend_mm=(4.0, 3.0, 3.0), flip=True),
    shares={
        "LIDC-IDRI-0001": 4,
        "ts_example": 3,
        "lidc_0314": 1.5,
        "crlm_1004": 1.5,
        "lung4d_113": 0.5,
        "ts_j2k": 0.7,
    },
    margin_mm=70.0,
)


@dataclass(frozen=True, slots=True)
class Crops:
    """HU (crop, slice, row, column) and the class of each voxel; IGNORE where unknown."""

    hu: Tensor
    labels: Tensor


@dataclass(frozen=True, slots=True)
class _Cached:
    """One scan as whole numbers, to hold hundreds of them in memory."""

    hu: Tensor
    coarse: Tensor | None
    fine: Tensor
    spacing_mm: Tensor
    anchors_mm: Tensor
    """Positions of body voxels, around which crops are centred."""
    is_simulated: bool


MOST_ANCHORS = 20_000
NAMES_HIDDEN = 0.7
"""Share of the real crops whose bodies teach no level. A network that learns names from five people learns the people:
fine-tuned with all names it called unseen patients one level off that it had named right before."""

WARPED_SHARE = 2.0
"""How often a real anatomy in another body is drawn, in relation to a digital patient."""


def _cached(scan: LabelledScan, plan: CropPlan) -> _Cached:
    image = scan.hu
    if plan.cache_mm > float(image.spacing_mm.max()) * 1.2:
        image = averaged(image, plan.cache_mm)
    fine = labels_on(image, Image(scan.fine, scan.hu.affine_lps))
    coarse = None if scan.coarse is None else labels_on(image, Image(scan.coarse, scan.hu.affine_lps))
    bodies = (fine == fine_index("body_rim")) | (fine == fine_index("body_core"))
    box = _around(bodies, plan.margin_mm, image) if scan.is_simulated else (slice(None),) * 3
    spacing = torch.tensor(image.spacing_mm, dtype=torch.float32)
    anchors = torch.nonzero(torch.from_numpy(bodies[box]))
    anchors = anchors[:: max(1, len(anchors) // MOST_ANCHORS)]
    return _Cached(
        hu=torch.from_numpy(np.rint(image.values[box]).astype(np.int16)),
        coarse=None if coarse is None else torch.from_numpy(coarse[box].copy()),
        fine=torch.from_numpy(fine[box].copy()),
        spacing_mm=spacing,
        anchors_mm=anchors * spacing,
        is_simulated=scan.is_simulated,
    )


def _around(bodies: NDArray[np.bool_], margin_mm: float | None, image: Image) -> tuple[slice, ...]:
    """The part of a volume that holds the bodies and a margin in the plane of the slices."""
    if margin_mm is None:
        return (slice(None),) * 3
    box = [slice(None)]
    for axis, others in ((1, (0, 2)), (2, (0, 1))):
        used = np.flatnonzero(bodies.any(axis=others))
        margin = round(margin_mm / float(image.spacing_mm[axis]))
        box.append(slice(max(0, int(used[0]) - margin), int(used[-1]) + margin + 1))
    return tuple(box)


def _share(scan: LabelledScan, plan: CropPlan) -> float:
    """How often a scan is drawn, in relation to others of its kind."""
    if scan.is_simulated:
        return 1.0 if scan.origin is None else WARPED_SHARE
    return plan.shares[scan.name]


def _without_names(coarse: Tensor) -> Tensor:
    first, last = coarse_index(BODY_CLASSES[0]), coarse_index(BODY_CLASSES[-1])
    return torch.where((coarse >= first) & (coarse <= last), UNNAMED, coarse)


class RandomCrops:
    """Draws crops for one stage from scans held in memory at a resolution near the network's."""

    def __init__(self, plan: CropPlan, scans: Iterable[LabelledScan], *, coarse: bool, simulated_share: float) -> None:
        """`simulated_share` of the crops come from simulated scans, the others from real ones."""
        self._plan = plan
        self._coarse = coarse
        self._scans: list[_Cached] = []
        shares = []
        for scan in scans:
            if scan.is_simulated or plan.shares.get(scan.name, 0) > 0:
                self._scans.append(_cached(scan, plan))
                shares.append(_share(scan, plan))
        share = torch.tensor(shares, dtype=torch.float32)
        simulated = torch.tensor([scan.is_simulated for scan in self._scans], dtype=torch.bool)
        for group, wanted in ((simulated, simulated_share), (~simulated, 1 - simulated_share)):
            share[group] *= wanted / share[group].sum().clamp(min=1e-9)
        self._shares = share

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
        extent = (torch.tensor(scan.hu.shape) - 1) * scan.spacing_mm
        outside = ((positions < 0) | (positions > extent)).any(dim=-1)
        if not scan.is_simulated and torch.rand(1, generator=generator) < 0.75:
            hu = with_other_density(hu, fine, coarse, generator)
            hu = hu if coarse is None else with_other_contrast(hu, coarse, generator)
        hu = as_other_scanner(hu, plan.spacing_mm, generator).masked_fill(outside, PADDING_HU)
        labels = coarse if self._coarse and coarse is not None else fine
        if self._coarse and not scan.is_simulated and torch.rand(1, generator=generator) < NAMES_HIDDEN:
            labels = _without_names(labels)
        return hu, labels.long().masked_fill(outside, IGNORE)

    def _inside(self, centre_mm: Tensor, size: tuple[int, int, int], scan: _Cached) -> Tensor:
        """The centre moved so that the crop shows as little as possible from beyond the scan's first and last slice."""
        extent = float((scan.hu.shape[0] - 1) * scan.spacing_mm[0])
        half = min(size[0] * self._plan.spacing_mm / 2, extent / 2)
        moved = centre_mm.clone()
        moved[0] = centre_mm[0].clamp(half, extent - half)
        return moved
