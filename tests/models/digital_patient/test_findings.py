import numpy as np
import pytest

from models.digital_patient.anatomy import PatientOptions, draw_anatomy, rasterise
from models.digital_patient.findings import SoftFindings
from models.digital_patient.grid import ScanGrid
from models.digital_patient.materials import draw_tissues, materials_of
from models.digital_patient.scanner import Scanner
from models.digital_patient.structures import LEVELS, Structure
from models.digital_patient.vertebra import endplates

TRUNK = ScanGrid((90, 60, 80), (5.0, 5.0, 5.0), (-197.0, -190.0, -160.0))
SPINE = ScanGrid((90, 60, 60), (1.5, 1.5, 1.5), (-44.0, -50.0, -50.0))


def painted(grid, seed=3, **options):
    """A patient of that seed on a grid."""
    return rasterise(draw_anatomy(np.random.default_rng(seed), PatientOptions(**options)), grid)


def volume_ml(canvas, structure):
    """How much of something there is."""
    return float((canvas.structures == structure).sum() * np.prod(canvas.grid.spacing_mm) / 1000)


@pytest.mark.parametrize(
    ("found", "structure", "least_ml"),
    [
        (SoftFindings(effusion_mm=(60.0, 40.0)), Structure.FLUID, 200),
        (SoftFindings(ascites=True), Structure.FLUID, 300),
        (SoftFindings(hiatus_hernia=True), Structure.BOWEL_GAS, 10),
        (SoftFindings(oral_contrast=True), Structure.ORAL_CONTRAST, 50),
        (SoftFindings(pacemaker=True), Structure.METAL, 5),
        (SoftFindings(heart=1.3), Structure.HEART, 100),
        (SoftFindings(gas=2.0), Structure.BOWEL_GAS, 10),
    ],
)
def test_soft_findings_are_seen(found, structure, least_ml):
    """There is more of what was asked for than in the same patient without it."""
    more = volume_ml(painted(TRUNK, soft=found), structure) - volume_ml(painted(TRUNK), structure)

    assert more > least_ml


def test_effusions_lie_behind():
    """Fluid lies behind the lung that is left, on the side that was asked for."""
    canvas = painted(TRUNK, soft=SoftFindings(effusion_mm=(70.0, 0.0)))
    dry = painted(TRUNK)
    fluid = (canvas.structures == Structure.FLUID) & (dry.structures == Structure.LUNG)
    lung = canvas.structures == Structure.LUNG
    y, x = TRUNK.along(1)[None, :, None], TRUNK.along(2)[None, None, :]

    assert np.broadcast_to(y, fluid.shape)[fluid].mean() > np.broadcast_to(y, fluid.shape)[lung].mean() + 30
    assert np.broadcast_to(x, fluid.shape)[fluid].max() < 30


@pytest.mark.parametrize(
    ("state", "low", "high"), [("emphysema", -970, -880), ("usual", -900, -750), ("fibrosis", -780, -550)]
)
def test_lungs_are_as_dense_as_their_state(state, low, high):
    """Emphysema is darker than healthy lung, fibrosis brighter."""
    for seed in range(5):
        tissues = draw_tissues(np.random.default_rng(seed), None, None, "none", state)

        assert low < Scanner().hu_of(materials_of(tissues)[Structure.LUNG], 28.0) < high


def test_a_sunken_sternum_narrows_the_chest():
    """The sternum lies deeper, and the outline in front of it too."""
    rows = [
        np.flatnonzero((painted(TRUNK, sunken_mm=sunk).structures == Structure.STERNUM).any(axis=(0, 2))).mean()
        for sunk in (0.0, 40.0)
    ]

    assert rows[1] > rows[0] + 2


def test_a_barrel_chest_is_deeper():
    """The cavity grows from front to back, not sideways."""
    usual, barrel = (draw_anatomy(np.random.default_rng(1), PatientOptions(barrel=each)).trunk for each in (1.0, 1.2))

    assert barrel.half_depth_mm == pytest.approx(1.2 * usual.half_depth_mm)
    assert barrel.half_width_mm == usual.half_width_mm


def test_bridges_join_the_fronts_of_bodies():
    """Bone in front of the disc below a bridged level, none without."""
    plain, bridged = (
        painted(SPINE, osteophytes=False, bridged=levels).structures == Structure.OSTEOPHYTE for levels in ((), ("L1",))
    )

    assert not plain.any()
    assert bridged.any()
    assert np.ptp(SPINE.along(0)[bridged.any(axis=(1, 2))]) > 25


def test_narrowed_discs_are_low_and_their_endplates_thick():
    """Half of the height gone: the bodies lie closer and more of what lies between them is compact bone."""
    usual, narrow = (
        draw_anatomy(np.random.default_rng(3), PatientOptions(narrowed_discs=discs)) for discs in ({}, {"L1": 0.5})
    )
    gap = [each.vertebra("L1").disc_below_mm for each in (usual, narrow)]
    cortex = [
        rasterise(each, SPINE).cortex[rasterise(each, SPINE).vertebra == LEVELS.index("L1") + 1].astype(float).sum()
        for each in (usual, narrow)
    ]

    assert gap[1] == pytest.approx(0.5 * gap[0])
    assert cortex[1] > 1.05 * cortex[0]


def test_nodes_dent_an_endplate():
    """Somewhere an endplate lies at least 2 mm deeper than without, elsewhere it stays."""
    plain, dented = (
        draw_anatomy(np.random.default_rng(3), PatientOptions(nodes=nodes)).vertebra("L1") for nodes in ((), ("L1",))
    )
    left, back = np.meshgrid(np.linspace(-18, 18, 40), np.linspace(-13, 13, 40))
    change = sum(endplates(plain, left, back)) - sum(endplates(dented, left, back))

    assert change.max() > 2
    assert np.median(change) < 0.5
