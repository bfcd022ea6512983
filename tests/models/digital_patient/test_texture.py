import numpy as np

from models.digital_patient.grid import Canvas, ScanGrid
from models.digital_patient.structures import Structure
from models.digital_patient.texture import UNEVEN_HU, add_texture


def textured(structure, first=(0.0, 0.0, 0.0)):
    """Texture on a block of one structure."""
    grid = ScanGrid((96, 96, 96), (1.5, 1.5, 1.5), first)
    canvas = Canvas.empty(grid)
    canvas.structures[:] = structure
    hu = np.zeros(grid.shape, np.float32)
    add_texture(hu, canvas, 1)
    return hu


def test_texture_has_no_mean():
    """A tissue keeps its HU on average and spreads as the table says."""
    hu = textured(Structure.LIVER)

    assert abs(hu.mean()) < 0.01
    assert np.isclose(hu.std(), UNEVEN_HU[Structure.LIVER], rtol=0.01)


def test_muscle_has_strands_of_fat():
    """Its HU on average stay, but some of it lies far below, and nothing as far above."""
    hu = textured(Structure.PARASPINAL_MUSCLE)

    assert abs(hu.mean()) < 1.0
    assert np.percentile(hu, 1) < -1.5 * np.percentile(hu, 99)


def test_the_trabecular_core_stays_even():
    """The truth of a vertebra is one number."""
    assert not textured(Structure.BODY_TRABECULAR).any()


def test_texture_belongs_to_the_patient():
    """Another field of view sees the same unevenness at the same place."""
    here, there = textured(Structure.LIVER), textured(Structure.LIVER, first=(15.0, 0.0, -30.0))

    assert np.array_equal(here[:76, :, 10:], there[20:, :, :86])
