"""The entry of the projection tier: slices of a digital patient, projected and reconstructed.

The same seed and request are the same patient as in `simulate`. HU come from the composition of
what the rays cross, never from the slope tables. Unevenness of soft tissue (`texture`) is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.digital_patient.anatomy import Anatomy, draw_anatomy, rasterise
from models.digital_patient.attenuation import Beam, Modes, beam, modes_of, reference_reading
from models.digital_patient.composition import Bone, BoneModel, Solution
from models.digital_patient.grid import Canvas, Picture, ScanGrid
from models.digital_patient.materials import Tissues
from models.digital_patient.palette import mode_maps, palette_of
from models.digital_patient.projection import Rays, counted, rays_through, signal_of, water_paths_cm
from models.digital_patient.reconstruction import reconstruct
from models.digital_patient.simulate import ScanRequest
from models.digital_patient.structures import Structure
from models.hu_calibration.slope_table import Filtration

BoneTruth = Literal["K2HPO4", "HA"]
BONE: dict[BoneTruth, BoneModel] = {"K2HPO4": Solution(), "HA": Bone(reference_reading)}
NOT_BODY = (Structure.AIR, Structure.TABLE)
FURTHER_BACK_MM = 12.0
"""The middle of the field of view lies behind that of the cavity, as in `simulate`."""


@dataclass(frozen=True, slots=True)
class Projector:
    """Tube, bone, rays and reconstruction."""

    kvp: float = 120.0
    filtration: Filtration = "standard"
    bone: BoneTruth = "HA"
    pixels: int = 384
    pixel_mm: float = 1.3
    views: int = 540
    photons: float | None = None
    """On a ray through air; None: no noise."""
    kernel: str = "hann"
    """A filter of `skimage.transform.iradon`."""


@dataclass(frozen=True, slots=True)
class ProjectedSlice:
    """One axial slice with its labels and its rays."""

    hu: Picture
    """(row, column)."""
    canvas: Canvas
    rays: Rays
    modes: Modes
    beam: Beam


def project(seed: int, request: ScanRequest, heights_mm: Sequence[float], projector: Projector) -> list[ProjectedSlice]:
    """Slices at heights in the patient's LPS mm, where the centre of L1 is 0."""
    for_anatomy, for_tissues, for_noise, _ = np.random.default_rng(seed).spawn(4)
    anatomy = draw_anatomy(for_anatomy, request.patient)
    tissues = request.tissues_from(for_tissues)
    canvases = [slice_at(anatomy, tissues, height, projector) for height in heights_mm]
    return [project_canvas(canvas, tissues, projector, for_noise) for canvas in canvases]


def slice_at(anatomy: Anatomy, tissues: Tissues, height_mm: float, projector: Projector) -> Canvas:
    """One painted slice of the whole trunk; ValueError if the patient is wider than the field of view."""
    section, pixels, size = anatomy.frame.at(height_mm)[0], projector.pixels, projector.pixel_mm
    middle = pixels // 2 * size
    grid = ScanGrid(
        (1, pixels, pixels),
        (size, size, size),
        (section.middle_x - middle, section.middle_y + FURTHER_BACK_MM - middle, height_mm),
        anatomy.turn,
    )
    canvas = rasterise(anatomy, grid, tissues.vbmd_mg_cm3)
    place = np.arange(pixels) - pixels // 2
    outside = np.hypot(place[:, None], place[None]) >= pixels // 2 - 1
    if not np.isin(canvas.structures[0][outside], NOT_BODY).all():
        msg = f"the patient is wider than the field of view of {pixels * size:.0f} mm; take larger pixels"
        raise ValueError(msg)
    canvas.structures[0][outside] = Structure.AIR
    return canvas


def project_canvas(
    canvas: Canvas, tissues: Tissues, projector: Projector, rng: np.random.Generator | None = None
) -> ProjectedSlice:
    """Project and reconstruct one painted slice; `rng` is needed for photons only."""
    tube = beam(projector.kvp, projector.filtration)
    palette = palette_of(tissues, BONE[projector.bone])
    modes = modes_of(palette.constituents(canvas), tube)
    rays = rays_through(mode_maps(canvas, palette, modes), projector.pixel_mm, projector.views)
    signal = signal_of(rays, modes, tube)
    if projector.photons is not None and rng is not None:
        signal = counted(signal, projector.photons, rng)
    hu = reconstruct(water_paths_cm(signal, tube), rays.angles_deg, projector.pixel_mm, projector.kernel)
    return ProjectedSlice(hu, canvas, rays, modes, tube)
