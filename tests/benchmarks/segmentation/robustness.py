"""The same CT in other ways through the whole measurement: what became of the names and of the density."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from cds.bone.anatomy import MaskGrid
from cds.bone.image_noise import image_noise
from cds.ct.volume import CtVolume
from cds.inference.segmenter import NetworkSegmenter
from cds.ports import VertebraSegmenter
from tests.benchmarks.progress import Say
from tests.benchmarks.segmentation.bodies import FoundBody
from tests.benchmarks.segmentation.data_folders import DataFolders
from tests.benchmarks.segmentation.measuring import Measured, measure
from tests.benchmarks.segmentation.real import present
from tests.benchmarks.segmentation.real_volumes import VOLUMES
from tests.benchmarks.segmentation.scoring import distance_mm
from tests.benchmarks.segmentation.variations import (
    Variation,
    crops,
    flips,
    half_a_voxel,
    noisier,
    other_kernels,
    resliced,
    turns,
)
from tests.benchmarks.segmentation.weights_under_test import WeightsUnderTest

SUBJECTS = ("LIDC-IDRI-0001", "ts_example", "crlm_1004", "lidc_0314")
"""Scans of which the product measures several levels."""

SAME_BODY_MM = 12.0
ASSUMED_NOISE_HU = 20.0

Record = dict[str, Any]


def evaluate(weights: WeightsUnderTest, folders: DataFolders, say: Say) -> Record:
    """Every subject that is there, in every variation."""
    segmenter = NetworkSegmenter.load(weights.folder, device="cpu")
    subjects = [about for about in VOLUMES if about.name in SUBJECTS]
    scans = present(subjects, folders, say)
    volumes = [{"volume": scan.about.name, **vary(scan.volume, segmenter, say)} for scan in scans]
    return {"weights": weights.as_record(), "volumes": volumes}


def vary(volume: CtVolume, segmenter: VertebraSegmenter, say: Say) -> Record:
    """One CT: the original result, and for each variation what differs from it."""
    original = measure(volume, segmenter)
    result = original.assessment
    rows = []
    for variation in variations_of(volume, original):
        rows.append(compare(original, measure(variation.volume, segmenter), variation))
        say(f"  {variation.kind}, {variation.name}: {told(rows[-1])}")
    return {
        "vbmd_mg_cm3": result.vbmd_mg_cm3,
        "levels_used": [level.value for level in result.levels_used],
        "levels": {body.level: body.vbmd_mg_cm3 for body in original.bodies},
        "numbering_confidence": round(original.spine.numbering_confidence, 3),
        "variations": rows,
    }


def variations_of(volume: CtVolume, original: Measured) -> Iterator[Variation]:
    """All of them, one at a time: a CT and its copy fill the memory."""
    yield from flips(volume)
    yield from turns(volume)
    yield from half_a_voxel(volume)
    yield from crops(volume, cuts_between(original.bodies))
    yield from resliced(volume)
    yield from noisier(volume, _noise_hu(volume, original))
    yield from other_kernels(volume)


def cuts_between(bodies: Sequence[FoundBody]) -> list[tuple[str, float]]:
    """Heights midway between neighbouring bodies, named after both."""
    return [
        (f"{upper.level}/{lower.level}", (upper.centre_lps_mm[2] + lower.centre_lps_mm[2]) / 2)
        for upper, lower in pairwise(bodies)
    ]


def _noise_hu(volume: CtVolume, original: Measured) -> float:
    found = [image_noise(volume, body.centre_lps_mm) for body in original.bodies]
    known = [noise for noise in found if noise is not None]
    return float(np.median(known)) if known else ASSUMED_NOISE_HU


def compare(original: Measured, varied: Measured, variation: Variation) -> Record:
    """What differs: names, bodies, densities of the bodies that both measured, the patient's density."""
    partner = _partners(original.bodies, varied.bodies, variation)
    expected = [body for body in original.bodies if body.is_whole and variation.shows(*_box(body.mask))]
    renamed = [f"{a.level} as {b.level}" for a, b in partner if a in expected and b.is_whole and a.level != b.level]
    changes = {
        a.level: b.vbmd_mg_cm3 - a.vbmd_mg_cm3
        for a, b in partner
        if a.vbmd_mg_cm3 is not None and b.vbmd_mg_cm3 is not None
    }
    matched = {id(b) for _, b in partner}
    before, after = original.assessment, varied.assessment
    same_levels = before.levels_used == after.levels_used
    both = before.vbmd_mg_cm3 is not None and after.vbmd_mg_cm3 is not None
    return {
        "kind": variation.kind,
        "name": variation.name,
        "expected": len(expected),
        "renamed": renamed,
        "lost": [a.level for a in expected if not any(a is known for known, _ in partner)],
        "new": [b.level for b in varied.bodies if b.is_whole and id(b) not in matched],
        "level_changes_mg_cm3": {level: round(change, 3) for level, change in changes.items()},
        "vbmd_change_mg_cm3": round(after.vbmd_mg_cm3 - before.vbmd_mg_cm3, 3) if both else None,
        "same_levels_used": same_levels,
        "levels_used": [level.value for level in after.levels_used],
        "status": after.status,
        "level_ambiguous": varied.is_ambiguous,
        "numbering_confidence": round(varied.spine.numbering_confidence, 3),
    }


def _partners(
    before: Sequence[FoundBody], after: Sequence[FoundBody], variation: Variation
) -> list[tuple[FoundBody, FoundBody]]:
    """Each body of the original with the one that now lies where it should."""
    pairs = []
    for body in before:
        place = variation.place_of(body.centre_lps_mm)
        near = [other for other in after if distance_mm(other.centre_lps_mm, place) <= SAME_BODY_MM]
        if near:
            pairs.append((body, min(near, key=lambda other: distance_mm(other.centre_lps_mm, place))))
    return pairs


def _box(mask: MaskGrid) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest LPS coordinates of a mask."""
    points = np.argwhere(mask.inside >= 0.5) @ mask.affine_lps[:3, :3].T + mask.affine_lps[:3, 3]
    return points.min(axis=0), points.max(axis=0)


def told(row: Mapping[str, Any]) -> str:
    """One variation in a few words."""
    names = [f"renamed {', '.join(row['renamed'])}"] if row["renamed"] else []
    names += [f"{what} {', '.join(row[what])}" for what in ("lost", "new") if row[what]]
    largest = max((abs(change) for change in row["level_changes_mg_cm3"].values()), default=None)
    density = "no level measured in both" if largest is None else f"level vBMD by at most {largest:.1f}"
    return "; ".join([*names, density])
