import numpy as np
import pytest

from models.digital_patient.anatomy import PatientOptions, draw_anatomy
from models.digital_patient.trabecular import Lesion, Spongiosa, UnevenBody
from models.digital_patient.unevenness import unevenness
from models.digital_patient.vertebra import standard_core

LYTIC = Lesion("lytic", (0.0, -0.2, 0.0), 8.0, 0.0)


def uneven(seed, level="L1", vbmd=100.0, **changes):
    """One body of a patient, and its standard core."""
    anatomy = draw_anatomy(np.random.default_rng(seed), PatientOptions())
    vertebra = anatomy.vertebra(level)
    spongiosa = anatomy.spongiosa[anatomy.vertebrae.index(vertebra)] if not changes else Spongiosa(**changes)
    return UnevenBody(vertebra, spongiosa, vbmd, unevenness(seed).grain), standard_core(vertebra)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("level", ["T4", "T12", "L1", "L5"])
def test_the_mean_over_the_standard_core_is_the_truth(seed, level):
    """Strands, slopes, dense rims and veins add nothing on average, but something everywhere."""
    body, core = uneven(seed, level)
    mineral = body.mineral(core, core)

    assert mineral.mean() == pytest.approx(0, abs=0.01)
    assert mineral.std() > 2


def test_bone_near_the_shell_is_denser():
    """Within 2 mm of the wall or an endplate there is more mineral than in the core."""
    body, core = uneven(1, endplate_mg_cm3=60.0, wall_mg_cm3=50.0)
    near = core.of(np.ones(len(core.left), bool))
    close = type(near)(near.xyz, near.left, near.back, near.up, near.wall * 0 + 1, near.upper, near.lower)

    assert body.mineral(close, core).mean() > 10


def test_lesions_are_not_counted():
    """A lytic focus lowers its own place only: outside it the bone is as it was."""
    plain, core = uneven(2, grain=0.1)
    ill, _ = uneven(2, grain=0.1, lesions=(LYTIC,))
    change = ill.mineral(core, core) - plain.mineral(core, core)

    assert change.min() < -40
    assert np.median(change) == 0 or (change == 0).mean() > 0.3


def test_haemangiomas_are_columns_in_fat():
    """Some points of a haemangioma are denser than the core, most are fat."""
    column = Lesion("haemangioma", (0.0, 0.0, 0.0), 14.0, 280.0)
    body, core = uneven(3, lesions=(column,))
    inside = core.of(np.hypot(np.hypot(core.left, core.back), core.up) < 9)
    mineral = 100 + body.mineral(inside, core)

    assert mineral.max() > 200
    assert np.median(mineral) < 0
