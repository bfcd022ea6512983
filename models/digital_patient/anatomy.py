"""One patient's anatomy, drawn from a seed within published ranges, and painted on any grid."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from models.digital_patient.grid import Canvas, Floats, ScanGrid
from models.digital_patient.organs import paint_back_muscles, paint_vessels, paint_viscera
from models.digital_patient.ribs import Rib, paint_rib
from models.digital_patient.skeleton import (
    paint_canal,
    paint_discs,
    paint_hardware,
    paint_pelvis,
    paint_sternum_and_arms,
)
from models.digital_patient.spine import SpineShape, Vertebra, stand
from models.digital_patient.structures import LEVELS
from models.digital_patient.trunk import Trunk, TrunkFrame, paint_table, paint_trunk
from models.digital_patient.vertebra import paint_body, paint_posterior

PaintedSide = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class PatientOptions:
    """What the caller wants of the patient; None is drawn from the seed."""

    scoliosis_deg: float | None = None
    kyphosis: float | None = None
    fat_mm: float | None = None
    arms: PaintedSide | None = None
    table: bool = True
    rib_pairs: Literal[11, 12, 13] = 12
    wedge_fractures: Mapping[str, float] = field(default_factory=dict)
    """Level to share of the anterior height lost, 0 to 0.5."""
    osteophytes: bool | None = None
    cement: tuple[str, ...] = ()
    rods: tuple[str, ...] = ()
    """Levels that carry pedicle screws; two rods join them."""


@dataclass(frozen=True, slots=True)
class Anatomy:
    """Bones, trunk and vessels of one patient in LPS mm; the centre of L1 is the origin."""

    vertebrae: tuple[Vertebra, ...]
    ribs: tuple[Rib, ...]
    trunk: Trunk
    aorta_radius_mm: float
    plaques: int
    osteophytes: tuple[str, ...]
    cement: tuple[str, ...]
    rods: tuple[str, ...]
    detail_seed: int
    """Where bowel loops and lung vessels lie."""

    @property
    def frame(self) -> TrunkFrame:
        """Cross sections of the trunk by height."""
        return TrunkFrame(self.trunk, self.vertebrae)

    def vertebra(self, level: str) -> Vertebra:
        """The vertebra of a name."""
        return self.vertebrae[LEVELS.index(level)]


def draw_anatomy(rng: np.random.Generator, options: PatientOptions) -> Anatomy:
    """Stature, posture, shape and habits of one patient.

    Every draw is made whether or not an option replaces it, so that an option changes nothing else.
    """
    stature = float(np.clip(rng.normal(1.0, 0.06), 0.86, 1.15))
    slopes = np.clip(rng.normal((1.0, 0.9), 0.28), 0.3, 1.9)
    scoliosis = abs(float(rng.normal(0, 4)))
    phase = float(rng.uniform(0, 2 * np.pi))
    jitter = np.clip(rng.normal(1, 0.03), 0.93, 1.07) * np.clip(rng.normal(1, 0.006, len(LEVELS)), 0.985, 1.015)
    widths = stature * np.clip(rng.normal((128, 92), (9, 7)), (105, 74), (150, 112))
    fat = float(np.clip(rng.gamma(3.2, 6.0), 5, 60))
    radius = float(np.clip(rng.normal(11.5, 1.2), 9, 15))
    plaques, floating = int(rng.poisson(6)), rng.normal((185, 95), (20, 30))
    arms: PaintedSide = "down" if rng.random() < 0.15 else "up"
    bony_spurs = rng.random(len(LEVELS)) < rng.uniform(0, 0.35)
    dome, detail = float(rng.normal(0, 12)), int(rng.integers(2**31))

    shape = SpineShape(
        size=stature,
        kyphosis=float(slopes[0]) if options.kyphosis is None else options.kyphosis,
        lordosis=float(slopes[1]),
        scoliosis_deg=scoliosis if options.scoliosis_deg is None else options.scoliosis_deg,
        scoliosis_phase=phase,
        sizes_jitter=tuple(float(each) for each in jitter),
        wedge=options.wedge_fractures,
    )
    fat = fat if options.fat_mm is None else options.fat_mm
    trunk = Trunk(
        half_width_mm=float(widths[0]),
        half_depth_mm=float(widths[1]),
        fat_mm=fat,
        visceral=1 + 0.006 * (fat - 15),
        arms=options.arms or arms,
        table=options.table,
        dome_shift_mm=dome,
    )
    spurs = tuple(level for level, chosen in zip(LEVELS, bony_spurs, strict=True) if chosen and level[0] != "C")
    return Anatomy(
        vertebrae=stand(shape),
        ribs=_ribs(options.rib_pairs, np.clip(floating, (130, 25), (230, 160)) * stature),
        trunk=trunk,
        aorta_radius_mm=radius,
        plaques=plaques,
        osteophytes=() if options.osteophytes is False else spurs,
        cement=options.cement,
        rods=options.rods,
        detail_seed=detail,
    )


def _ribs(pairs: int, floating_mm: Floats) -> tuple[Rib, ...]:
    carriers = [*(f"T{number}" for number in range(1, 13)), "L1"][:pairs]
    lengths: dict[int, float] = {11: float(floating_mm[0]), 12: float(floating_mm[1]), 13: float(floating_mm[1]) * 0.5}
    return tuple(
        Rib(number, side, level, lengths.get(number)) for number, level in enumerate(carriers, 1) for side in (-1, 1)
    )


def rasterise(anatomy: Anatomy, grid: ScanGrid) -> Canvas:
    """Paint from the outside in; what comes later overrides what came before."""
    canvas, frame, rng = Canvas.empty(grid), anatomy.frame, np.random.default_rng(anatomy.detail_seed)
    paint_trunk(canvas, frame)
    paint_viscera(canvas, frame, rng)
    paint_vessels(canvas, frame, anatomy.aorta_radius_mm, anatomy.plaques, rng)
    paint_back_muscles(canvas, anatomy.vertebrae)
    paint_sternum_and_arms(canvas, frame)
    for rib in anatomy.ribs:
        paint_rib(canvas, rib, anatomy.vertebra(rib.level), frame)
    paint_pelvis(canvas, anatomy.vertebra("L5"))
    paint_discs(canvas, anatomy.vertebrae)
    for vertebra in anatomy.vertebrae:
        paint_posterior(canvas, vertebra)
    paint_canal(canvas, anatomy.vertebrae)
    for vertebra in anatomy.vertebrae:
        paint_body(canvas, vertebra)
    paint_hardware(canvas, anatomy.vertebrae, osteophytes=anatomy.osteophytes, cement=anatomy.cement, rods=anatomy.rods)
    if anatomy.trunk.table:
        paint_table(canvas, frame)
    return canvas
