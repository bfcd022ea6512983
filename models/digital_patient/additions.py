"""What age and surgeons add to a skeleton: spurs, bridges, cement, screws with rods, a pacemaker."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.digital_patient.grid import Canvas, Floats, shifted
from models.digital_patient.skeleton import SOFT
from models.digital_patient.spine import Vertebra
from models.digital_patient.structures import Structure
from models.digital_patient.trunk import TrunkFrame

PEDICLE_SCREW_MM = 2.9
CEMENT_BLOBS = ((3, -4, 1, 8), (-6, -2, -2, 6), (7, 1, 3, 4))
BRIDGE_TURNS_DEG = (-75, -52, -28, -5)
"""From straight ahead to the right: flowing ossification spares the side of the aorta."""


@dataclass(frozen=True, slots=True)
class Additions:
    """Levels that carry something."""

    spurs: tuple[str, ...] = ()
    bridged: tuple[str, ...] = ()
    """Joined to the next level by ossification in front."""
    cement: tuple[str, ...] = ()
    rods: tuple[str, ...] = ()


def paint_additions(canvas: Canvas, vertebrae: Sequence[Vertebra], found: Additions, rng: np.random.Generator) -> None:
    """Bony spurs at the rims, bridges in front, cement in bodies, pedicle screws joined by rods."""
    heads: dict[int, list[Floats]] = {-1: [], 1: []}
    for index, vertebra in enumerate(vertebrae):
        if vertebra.level in found.spurs:
            _paint_spurs(canvas, vertebra, rng)
        if vertebra.level in found.bridged and index + 1 < len(vertebrae):
            _paint_bridge(canvas, vertebra, vertebrae[index + 1], rng)
        if vertebra.level in found.cement:
            for left, back, up, radius in CEMENT_BLOBS:
                place, radii = vertebra.point(left, back, up), [radius * rng.uniform(0.7, 1.2)] * 3
                canvas.ellipsoid(place, radii, Structure.CEMENT, (Structure.BODY_TRABECULAR,), 0.2)
        if vertebra.level in found.rods:
            for side in (-1, 1):
                heads[side].append(_paint_screw(canvas, vertebra, side))
    for line in heads.values():
        if len(line) > 1:
            canvas.tube(np.array(line), PEDICLE_SCREW_MM, Structure.METAL)


def _paint_screw(canvas: Canvas, vertebra: Vertebra, side: int) -> Floats:
    entry = vertebra.point(side * (vertebra.canal_width_mm / 2 + 8), vertebra.depth_mm / 2 + 26, 4)
    tip = vertebra.point(side * 6, -vertebra.depth_mm * 0.2, 2)
    canvas.tube(np.array([entry, tip]), PEDICLE_SCREW_MM, Structure.METAL)
    canvas.ellipsoid(entry, [6.5] * 3, Structure.METAL, tuple(Structure))
    return entry


def _paint_spurs(canvas: Canvas, vertebra: Vertebra, rng: np.random.Generator) -> None:
    for turn in np.radians(rng.uniform(-85, 85, int(rng.integers(3, 7)))):
        size = rng.uniform(0.6, 1.5)
        left, back = _rim(vertebra, turn, 1.2)
        for end in (-1, 1):
            spur = vertebra.point(left, back, end * vertebra.height_mm * 0.46)
            canvas.ellipsoid(spur, np.array([4.2, 3.4, 2.6]) * size, Structure.OSTEOPHYTE, SOFT, 0.15)


def _paint_bridge(canvas: Canvas, upper: Vertebra, lower: Vertebra, rng: np.random.Generator) -> None:
    for turn in np.radians(BRIDGE_TURNS_DEG):
        thick = rng.uniform(1.8, 3.8)
        ends = [
            each.point(*_rim(each, turn, 0.25 * thick + out), up * each.height_mm)
            for each, up, out in ((upper, 0.0, 0.0), (upper, -0.45, 1.0), (lower, 0.45, 1.0), (lower, 0.0, 0.0))
        ]
        middle = (ends[1] + ends[2]) / 2 + (ends[1] - upper.canal_centre()) * 0.04
        canvas.tube(np.array([*ends[:2], middle, *ends[2:]]), thick, Structure.OSTEOPHYTE, SOFT, 0.6)


def _rim(vertebra: Vertebra, turn: float, out_mm: float) -> tuple[float, float]:
    left = (vertebra.width_mm / 2 + out_mm) * float(np.sin(turn))
    return left, -(vertebra.depth_mm / 2 + out_mm) * float(np.cos(turn))


def paint_pacemaker(canvas: Canvas, frame: TrunkFrame) -> None:
    """A can under the left collar bone and a lead to the heart."""
    top, heart = frame.height_of("T3"), frame.height_of("T8")
    section = frame.at(top)[0]
    can = np.array([section.middle_x + section.half_width * 0.75, section.middle_y - section.half_depth - 12, top])
    anywhere = tuple(each for each in Structure if each is not Structure.AIR)
    canvas.ellipsoid(can, (22, 5, 20), Structure.METAL, anywhere)
    middle = section.middle_x
    lead = np.array([can, [middle + 4, can[1] + 30, top - 8], [middle - 28, can[1] + 44, top - 60]])
    lead = np.vstack([lead, shifted(np.array([middle + 20, can[1] + 40, heart]), 0, 0, -20)])
    canvas.tube(lead, 1.2, Structure.METAL, anywhere)
