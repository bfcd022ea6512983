"""What every voxel of a patient is made of, as maps that a projector can integrate."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.digital_patient.attenuation import Modes
from models.digital_patient.composition import TITANIUM, BoneModel, Composition, composition_of, mineral_step
from models.digital_patient.grid import Canvas, Floats
from models.digital_patient.materials import Tissues, compact, materials_of, trabecular
from models.digital_patient.structures import LEVELS, Structure


@dataclass(frozen=True, slots=True)
class Palette:
    """The compositions of one patient."""

    structures: Mapping[Structure, Composition]
    spongy: Mapping[str, Composition]
    """By level."""
    dense: Composition
    step: Composition
    """One more mg/cm3 of K2HPO4 equivalent in bone."""

    def constituents(self, canvas: Canvas) -> list[str]:
        """Names of all that a canvas needs."""
        present = [self.structures[Structure(number)] for number in np.unique(canvas.structures)]
        bone = (*self.spongy.values(), self.dense, self.step)
        return sorted({name for each in (*present, *bone) for name in each})


def palette_of(tissues: Tissues, bone: BoneModel) -> Palette:
    """From biology to matter; implants are titanium."""
    structures = {each: composition_of(material, bone) for each, material in materials_of(tissues).items()}
    return Palette(
        {**structures, Structure.METAL: TITANIUM},
        {level: composition_of(trabecular(tissues, level), bone) for level in LEVELS},
        composition_of(compact(), bone),
        mineral_step(bone),
    )


def mode_maps(canvas: Canvas, palette: Palette, modes: Modes) -> Floats:
    """(mode, row, column) of a canvas of one slice."""
    structures, own = canvas.structures[0], canvas.vertebra[0]
    table = np.zeros((len(Structure), len(modes.functions)))
    for number in np.unique(structures):
        table[number] = modes.of(palette.structures[Structure(number)])
    spongy = np.array([np.zeros(len(modes.functions)), *(modes.of(palette.spongy[level]) for level in LEVELS)])
    maps = table[structures]
    bodies = np.isin(structures, (Structure.BODY_TRABECULAR, Structure.BODY_CORTEX)) & (own > 0)
    maps[bodies] = spongy[own[bodies]]
    if canvas.mineral is not None:
        maps[bodies] += canvas.mineral[0][bodies][:, None].astype(float) * modes.of(palette.step)
    maps += canvas.cortex[0][..., None].astype(float) * (modes.of(palette.dense) - maps)
    return np.ascontiguousarray(np.moveaxis(maps, -1, 0))
