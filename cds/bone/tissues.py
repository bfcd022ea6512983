"""The tissues of one scan, read once, around the vertebrae that count.

    fat      under the skin               at every voltage its own beam: hardly hardened
    muscle   lean, beside the spine       not after contrast
    blood    in the aorta                 not after contrast
    air      in front of the patient

Heights: the bodies of T12 to L3; where the scan shows none of them, T7 to T11.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from cds.bone.anatomy import Spine
from cds.bone.assessment import ContrastState
from cds.bone.level_conversion import SUBSTITUTES, TARGET, THORACIC
from cds.bone.outside_air import air_around
from cds.bone.patient_size import water_equivalent_cm, water_path_cm
from cds.bone.tissue_blood import aortic_blood
from cds.bone.tissue_fat import subcutaneous_fat
from cds.bone.tissue_muscle import lean_muscle
from cds.bone.tissue_sample import Tissue, TissueSample
from cds.bone.tissue_slab import slabs_at
from cds.ct.volume import CtVolume

TAKES_UP_CONTRAST: Final[frozenset[Tissue]] = frozenset({"blood", "muscle"})


@dataclass(frozen=True, slots=True)
class Tissues:
    """What could be sampled; None where it could not."""

    fat: TissueSample | None
    muscle: TissueSample | None
    blood: TissueSample | None
    air: TissueSample | None

    def fit_to_calibrate(self, contrast: ContrastState) -> tuple[TissueSample, ...]:
        """Samples whose HU tell about the scanner: after contrast, or not knowing, fat and air."""
        had = [sample for sample in (self.fat, self.muscle, self.blood, self.air) if sample is not None]
        return tuple(sample for sample in had if contrast == "none" or sample.tissue not in TAKES_UP_CONTRAST)


def sample_tissues(volume: CtVolume, spine: Spine) -> Tissues:
    """Read every tissue once."""
    heights_mm, thoracic = _heights(spine)
    slabs = slabs_at(volume, heights_mm)
    diameters = [water_equivalent_cm(slab.outline) for slab in slabs]
    path_cm = water_path_cm(float(np.mean(diameters)) if diameters else 0.0, thoracic=thoracic)
    return Tissues(
        fat=subcutaneous_fat(slabs, thoracic=thoracic),
        muscle=lean_muscle(slabs, spine.paraspinal_muscle, path_cm),
        blood=aortic_blood(volume, spine, path_cm),
        air=air_around(volume, [slab.outline for slab in slabs]),
    )


def _heights(spine: Spine) -> tuple[Sequence[float], bool]:
    """LPS z of the bodies to read beside, and whether they are thoracic."""
    first = [body.centre_lps_mm[2] for body in spine.bodies if body.level in (*TARGET, *SUBSTITUTES)]
    if first:
        return first, False
    return [body.centre_lps_mm[2] for body in spine.bodies if body.level in THORACIC], True
