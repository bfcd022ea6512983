"""Fluid that lies behind the lungs or around the bowel."""

import numpy as np

from models.digital_patient.findings import SoftFindings
from models.digital_patient.grid import Canvas
from models.digital_patient.structures import Structure
from models.digital_patient.trunk import TrunkFrame

SPARED_BESIDE_SPINE_MM = 45.0


def paint_fluids(canvas: Canvas, frame: TrunkFrame, found: SoftFindings) -> None:
    """Pleural effusions and ascites, slice by slice."""
    if max(found.effusion_mm) <= 0 and not found.ascites:
        return
    top, diaphragm = frame.height_of("T4"), frame.height_of("T11")
    rows, columns = (slice(0, size) for size in canvas.grid.shape[1:])
    for index, picture in enumerate(canvas.structures):
        places = canvas.places((slice(index, index + 1), rows, columns))
        section = frame.at(float(np.mean(places[2])))[0]
        x, y, z = (place[0] for place in places)
        back = section.middle_y + section.half_depth
        high = np.clip((top - z) / (top - diaphragm), 0, 1)
        depth = np.where(x < section.middle_x, *(np.float32(each) for each in found.effusion_mm)) * high
        picture[(picture == Structure.LUNG) & (y > back - depth)] = Structure.FLUID
        if found.ascites:
            around = np.hypot(x - section.spine_x, y - section.spine_y) > SPARED_BESIDE_SPINE_MM
            bumps = np.atleast_3d(canvas.bumps(places, 1.0))[0]
            picture[(picture == Structure.VISCERAL_FAT) & around & (z < diaphragm) & (bumps > -0.4)] = Structure.FLUID
