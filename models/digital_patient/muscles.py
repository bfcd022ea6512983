"""Muscles beside the column and around the pelvis."""

from collections.abc import Sequence

import numpy as np

from models.digital_patient.grid import Canvas, shifted
from models.digital_patient.organs import CAVITY
from models.digital_patient.spine import Vertebra
from models.digital_patient.structures import Structure

S = Structure
BEHIND_PELVIS = (S.SUBCUTANEOUS_FAT, S.VISCERAL_FAT)


def paint_muscles(canvas: Canvas, vertebrae: Sequence[Vertebra], size: float) -> None:
    """Psoas and quadratus lumborum beside the lumbar bodies, iliacus and gluteal muscles around the hip bones."""
    lumbar = [each for each in vertebrae if each.level[0] == "L"]
    last = lumbar[-1]
    radii = np.interp(np.linspace(0, 1, len(lumbar)), (0, 0.25, 0.5, 1), (7, 12, 17, 21)) * size
    steps = np.linspace(0, 4, len(lumbar))
    for side in (-1, 1):
        psoas = np.array(
            [
                each.point(side * (each.width_mm / 2 + radius * 0.62), 7 - 3 * step, 0)
                for each, radius, step in zip(lumbar, radii, steps, strict=True)
            ]
        )
        psoas = np.vstack([psoas, psoas[-1] + [side * 14, -14, -45], psoas[-1] + [side * 30, -34, -110]])
        canvas.tube(psoas, np.array([*radii, radii[-1], radii[-1] * 0.9]), S.PSOAS, (*CAVITY, S.KIDNEY, S.LIVER), 1.2)
        square = np.array(
            [
                each.point(side * (each.width_mm / 2 + 30 + 2 * step), each.depth_mm / 2 + 13, 0)
                for each, step in zip(lumbar, steps, strict=True)
            ]
        )
        canvas.tube(square, 9.0 * size, S.MUSCLE, (*CAVITY, S.SUBCUTANEOUS_FAT), 1.0)
        buttock = last.point(0, 0, 0) + np.array([side * 78.0, 62.0, -105.0])
        canvas.ellipsoid(buttock, np.array([66, 44, 100]) * size, S.MUSCLE, BEHIND_PELVIS, 0.04)
        iliacus = np.array([shifted(last.centre, side * 92, -12, -20), shifted(last.centre, side * 88, -34, -110)])
        canvas.tube(iliacus, np.array([14.0, 20.0]), S.MUSCLE, CAVITY, 1.5)
