"""How much water the beam crosses: size of the patient at one height.

A body that the field of view cuts is measured as far as it is seen and says so: what lies outside
is not invented. Completing the outline would assume the very size that is asked for.
"""

from dataclasses import dataclass

import numpy as np

from cds.bone.body_outline import Outline, outline_of
from cds.ct.volume import CtVolume

SIZE_REACH_MM = 10.0
SIZE_SLICES = 5
CUT_MM = 20.0
"""A body that meets the edge of the field of view over more than this is truncated."""

LUMBAR_EXTRA_CM = 4.0
THORACIC_EXTRA_CM = 2.0


@dataclass(frozen=True, slots=True)
class PatientSize:
    """Diameter of the water cylinder that attenuates as much (AAPM report 220)."""

    water_equivalent_diameter_cm: float
    truncated: bool
    """The field of view cuts the body: the true diameter is larger."""


def patient_size(volume: CtVolume, z_lps_mm: float) -> PatientSize:
    """Mean over a few slices around a height; a diameter of 0 where no body is seen.

    Dw = 2 sqrt(A (mean HU / 1000 + 1) / pi) over the body's outline, lungs and bowel included.
    """
    outlines = [outline_of(volume, index) for index in _slices_near(volume, z_lps_mm)]
    diameters = [water_equivalent_cm(outline) for outline in outlines]
    touched_mm = float(np.mean([outline.touched_border_mm for outline in outlines]))
    return PatientSize(float(np.mean(diameters)), touched_mm > CUT_MM)


def water_path_cm(water_equivalent_diameter_cm: float, *, thoracic: bool) -> float:
    """Water path D whose beam reads like that in the middle of the patient, from the diameter Dw.

    Simulated projection and reconstruction gives D = Dw + 4 cm for the abdomen and D = Dw + 2 cm for
    the chest (the lungs harden the beam less than Dw says).
    """
    return water_equivalent_diameter_cm + (THORACIC_EXTRA_CM if thoracic else LUMBAR_EXTRA_CM)


def water_equivalent_cm(outline: Outline) -> float:
    """Water-equivalent diameter of one slice."""
    pixel_cm2 = outline.spacing_mm[0] * outline.spacing_mm[1] / 100
    attenuation = np.maximum(outline.hu[outline.body] / 1000 + 1, 0.0).sum() * pixel_cm2
    return float(2 * np.sqrt(attenuation / np.pi))


def _slices_near(volume: CtVolume, z_lps_mm: float) -> list[int]:
    """At most five slices within 10 mm of a height, evenly spread; the nearest one at least."""
    distance = np.abs(volume.slice_heights_mm - z_lps_mm)
    near = np.flatnonzero(distance <= SIZE_REACH_MM)
    if len(near) == 0:
        return [int(distance.argmin())]
    chosen = near[np.linspace(0, len(near) - 1, min(SIZE_SLICES, len(near))).round().astype(int)]
    return [int(index) for index in chosen]
