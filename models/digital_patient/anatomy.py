"""One patient's anatomy, drawn from a seed within published ranges, and painted on any grid."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.spatial.transform import Rotation

from models.digital_patient.additions import Additions, paint_additions, paint_pacemaker
from models.digital_patient.findings import SoftFindings
from models.digital_patient.fluids import paint_fluids
from models.digital_patient.fractures import draw_notches, losses_of
from models.digital_patient.grid import Canvas, ScanGrid, Turn
from models.digital_patient.muscles import paint_muscles
from models.digital_patient.numbering import LowestRibs, Lumbosacral, Variant
from models.digital_patient.organs import paint_viscera
from models.digital_patient.pelvis import paint_hips, paint_sacrum
from models.digital_patient.posterior import paint_posterior
from models.digital_patient.ribs import Rib, draw_ribs, paint_rib
from models.digital_patient.skeleton import paint_canal, paint_discs, paint_sternum_and_arms
from models.digital_patient.spine import SACRUM_TILT_DEG, SpineShape, Vertebra, stand
from models.digital_patient.structures import LEVELS
from models.digital_patient.trabecular import Lesion, Spongiosa, draw_spongiosa
from models.digital_patient.trunk import Trunk, TrunkFrame, paint_table
from models.digital_patient.unevenness import unevenness
from models.digital_patient.vertebra import paint_body
from models.digital_patient.vessels import Aorta, paint_vessels
from models.digital_patient.wall import paint_breasts, paint_trunk

PaintedSide = Literal["up", "down"]
Shares = Mapping[str, float]
TYPICAL_VBMD_MG_CM3 = 120.0


@dataclass(frozen=True, slots=True)
class PatientOptions:
    """What the caller wants of the patient; None is drawn from the seed. Keys of mappings are levels."""

    scoliosis_deg: float | None = None
    kyphosis: float | None = None
    fat_mm: float | None = None
    arms: PaintedSide | None = None
    table: bool = True
    turn_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """How the patient lies turned about the scanner's x, y and z axes."""
    rib_pairs: Literal[11, 12, 13] = 12
    lowest_ribs: LowestRibs = "usual"
    lumbosacral: Lumbosacral = "usual"
    wedge_fractures: Shares = field(default_factory=dict)
    """Share of the anterior height lost, 0 to 0.5."""
    biconcave_fractures: Shares = field(default_factory=dict)
    """Share of the middle height lost."""
    crush_fractures: Shares = field(default_factory=dict)
    """Share of the whole height lost."""
    narrowed_discs: Shares | None = None
    """Share of its height that the disc below the level lost; its endplates are worn."""
    nodes: tuple[str, ...] = ()
    """Levels with dents in their endplates (Schmorl)."""
    osteophytes: bool | None = None
    bridged: tuple[str, ...] = ()
    """Levels joined to the next by flowing ossification in front (DISH)."""
    lesions: Mapping[str, tuple[Lesion, ...]] = field(default_factory=dict)
    cement: tuple[str, ...] = ()
    rods: tuple[str, ...] = ()
    """Levels that carry pedicle screws; two rods join them."""
    breast_mm: float | None = None
    sunken_mm: float = 0.0
    """How far the sternum is sunk in (pectus excavatum)."""
    barrel: float = 1.0
    """Depth of the chest, relative."""
    soft: SoftFindings = field(default_factory=SoftFindings)

    @property
    def variant(self) -> Variant:
        """How the skeleton is numbered."""
        return Variant(self.rib_pairs, self.lowest_ribs, self.lumbosacral)


@dataclass(frozen=True)
class Anatomy:
    """Bones, trunk and vessels of one patient in LPS mm; the centre of L1 is the origin."""

    variant: Variant
    vertebrae: tuple[Vertebra, ...]
    spongiosa: tuple[Spongiosa, ...]
    ribs: tuple[Rib, ...]
    sacrum_tilt_deg: float
    trunk: Trunk
    aorta: Aorta
    additions: Additions
    soft: SoftFindings
    turn: Turn | None
    """From the scanner's axes to the patient's."""
    detail_seed: int
    """Where bowel loops and lung vessels lie."""

    @cached_property
    def frame(self) -> TrunkFrame:
        """Cross sections of the trunk by height."""
        return TrunkFrame(self.trunk, self.vertebrae)

    def vertebra(self, level: str) -> Vertebra:
        """The vertebra of a name; the lowest one if the patient has none of that name."""
        return next((each for each in self.vertebrae if each.level == level), self.vertebrae[-1])


def draw_anatomy(rng: np.random.Generator, options: PatientOptions) -> Anatomy:
    """Stature, posture, shape and habits of one patient.

    Every draw is made whether or not an option replaces it, so that an option changes nothing else.
    """
    for_spine, for_ribs, for_trunk, for_bone, for_vessels = rng.spawn(5)
    variant = options.variant
    stature = float(np.clip(for_spine.normal(1.0, 0.06), 0.86, 1.15))
    shape = _draw_shape(for_spine, options, stature)
    spurs = _draw_spurs(for_bone)
    lesions = [options.lesions.get(level, ()) for level in variant.levels]
    return Anatomy(
        variant=variant,
        vertebrae=stand(shape),
        spongiosa=draw_spongiosa(for_bone, lesions),
        ribs=draw_ribs(for_ribs, variant, stature),
        sacrum_tilt_deg=SACRUM_TILT_DEG + float(np.clip(for_trunk.normal(0, 6), -12, 12)),
        trunk=_draw_trunk(for_trunk, options, stature),
        aorta=Aorta.draw(for_vessels),
        additions=Additions(
            spurs=() if options.osteophytes is False else spurs,
            bridged=options.bridged,
            cement=options.cement,
            rods=options.rods,
        ),
        soft=options.soft,
        turn=_turn(options.turn_deg),
        detail_seed=int(for_vessels.integers(2**31)),
    )


def _draw_shape(rng: np.random.Generator, options: PatientOptions, stature: float) -> SpineShape:
    slopes = np.clip(rng.normal((1.0, 0.9), 0.28), 0.3, 1.9)
    scoliosis, phase = abs(float(rng.normal(0, 4))), float(rng.uniform(0, 2 * np.pi))
    jitter = np.clip(rng.normal(1, 0.03), 0.93, 1.07) * np.clip(rng.normal(1, 0.006, len(LEVELS)), 0.985, 1.015)
    shell = float(np.clip(np.exp(rng.normal(0, 0.3)), 0.45, 2.0))
    concave, waist = float(rng.uniform(0.7, 2.2)), float(rng.uniform(0.06, 0.13))
    worn = {
        level: float(share)
        for level, share, chance in zip(
            LEVELS, rng.uniform(0.1, 0.55, len(LEVELS)), rng.random(len(LEVELS)), strict=True
        )
        if chance < 0.06 + 0.06 * (level[0] == "L")
    }
    fractures = losses_of(rng, options.wedge_fractures, options.biconcave_fractures, options.crush_fractures)
    return SpineShape(
        size=stature,
        kyphosis=float(slopes[0]) if options.kyphosis is None else options.kyphosis,
        lordosis=float(slopes[1]),
        scoliosis_deg=scoliosis if options.scoliosis_deg is None else options.scoliosis_deg,
        scoliosis_phase=phase,
        sizes_jitter=tuple(float(each) for each in jitter),
        variant=options.variant,
        fractures=fractures,
        narrowed=worn if options.narrowed_discs is None else options.narrowed_discs,
        notches=draw_notches(rng, options.nodes),
        shell=shell,
        concave_mm=concave,
        waist=waist,
    )


def _draw_trunk(rng: np.random.Generator, options: PatientOptions, stature: float) -> Trunk:
    widths = stature * np.clip(rng.normal((128, 92), (9, 7)), (105, 74), (150, 112))
    fat = float(np.clip(rng.gamma(3.2, 6.0), 5, 60))
    arms: PaintedSide = "down" if rng.random() < 0.15 else "up"
    dome, muscle, wall = (
        float(np.clip(rng.normal(0, 18), -42, 42)),
        float(rng.normal(1.0, 0.1)),
        float(rng.normal(13, 1.5)),
    )
    belly = float(np.exp(rng.normal(0, 0.35)))
    breast = float(rng.uniform(30, 62)) if rng.random() < 0.5 else 0.0
    fat = fat if options.fat_mm is None else options.fat_mm
    return Trunk(
        half_width_mm=float(widths[0]),
        half_depth_mm=float(widths[1]) * options.barrel,
        wall_mm=float(np.clip(wall, 9, 18)),
        fat_mm=fat,
        visceral=1 + 0.006 * (fat - 15),
        arms=options.arms or arms,
        table=options.table,
        dome_shift_mm=dome,
        muscle=float(np.clip(muscle, 0.75, 1.3)),
        belly=float(np.clip(belly, 0.5, 2.0)),
        breast_mm=breast if options.breast_mm is None else options.breast_mm,
        sunken_mm=options.sunken_mm,
    )


def _draw_spurs(rng: np.random.Generator) -> tuple[str, ...]:
    chosen = rng.random(len(LEVELS)) < rng.uniform(0, 0.35)
    return tuple(level for level, spur in zip(LEVELS, chosen, strict=True) if spur and level[0] != "C")


def _turn(degrees: tuple[float, float, float]) -> Turn | None:
    if not any(degrees):
        return None
    rows = Rotation.from_euler("xyz", degrees, degrees=True).inv().as_matrix()
    return tuple((float(a), float(b), float(c)) for a, b, c in rows)


def rasterise(anatomy: Anatomy, grid: ScanGrid, vbmd_mg_cm3: Shares | None = None, *, in_detail: bool = True) -> Canvas:
    """Paint from the outside in; what comes later overrides what came before.

    `vbmd_mg_cm3` scales the unevenness of spongy bone by level. Without detail, small things and bumps are left out.
    """
    canvas = Canvas.empty(grid, unevenness(anatomy.detail_seed) if in_detail else None)
    frame, rng = anatomy.frame, np.random.default_rng(anatomy.detail_seed)
    column = anatomy.vertebrae
    paint_trunk(canvas, frame)
    paint_breasts(canvas, frame)
    paint_fluids(canvas, frame, anatomy.soft)
    paint_viscera(canvas, frame, anatomy.soft, rng)
    if in_detail:
        paint_vessels(canvas, frame, anatomy.aorta, anatomy.soft, rng)
    paint_muscles(canvas, column, anatomy.trunk.half_width_mm / 128)
    paint_sternum_and_arms(canvas, frame)
    paint_hips(canvas, column[-1])
    paint_sacrum(canvas, column[-1], anatomy.sacrum_tilt_deg)
    if in_detail:
        for rib in anatomy.ribs:
            paint_rib(canvas, rib, anatomy.vertebra(rib.level), frame)
        paint_discs(canvas, column)
        for vertebra in column:
            paint_posterior(canvas, vertebra)
        paint_canal(canvas, column)
    for vertebra, spongiosa in zip(column, anatomy.spongiosa, strict=True):
        vbmd = TYPICAL_VBMD_MG_CM3 if vbmd_mg_cm3 is None else vbmd_mg_cm3[vertebra.level]
        paint_body(canvas, vertebra, spongiosa, vbmd)
    paint_additions(canvas, column, anatomy.additions, rng)
    if anatomy.soft.pacemaker:
        paint_pacemaker(canvas, frame)
    if anatomy.trunk.table:
        paint_table(canvas, frame)
    return canvas
