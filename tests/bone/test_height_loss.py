import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cds.bone.anatomy import VertebralLevel as Level
from cds.bone.height_grade import MILD_FROM_PERCENT
from cds.bone.height_loss import losses_against_neighbours
from cds.bone.reference_body import REFERENCE
from cds.bone.vertebral_height import BodyHeights

ROW = (Level.T11, Level.T12, Level.L1, Level.L2, Level.L3)


def heights(lost=(), *, levels=ROW, size=1.1):
    """Even heights by level; `lost` by level in percent."""
    kept = {level: size * REFERENCE[level].height_mm * (1 - dict(lost).get(level, 0) / 100) for level in levels}
    return {level: BodyHeights(mm, mm, mm) for level, mm in kept.items()}


@pytest.mark.parametrize("size", [0.8, 1.0, 1.4])
def test_a_proportioned_spine_lost_nothing(size):
    """Whatever the stature, bodies in proportion show no loss."""
    assert losses_against_neighbours(heights(size=size)) == pytest.approx(dict.fromkeys(ROW, 0), abs=1e-9)


@pytest.mark.parametrize("level", ROW)
@pytest.mark.parametrize("loss", [22, 35, 60])
def test_an_even_collapse_shows_beside_its_neighbours(level, loss):
    """Only the collapsed body shows a loss, and as much as it lost."""
    found = losses_against_neighbours(heights({level: loss}))

    assert found.pop(level) == pytest.approx(loss)
    assert max(found.values()) < 1e-9


def test_two_collapsed_bodies_do_not_hide_each_other():
    """Two of five show their own losses; of the others nothing is said that is not so."""
    found = losses_against_neighbours(heights({Level.T12: 45, Level.L1: 30}))

    assert (found.pop(Level.T12), found.pop(Level.L1)) == pytest.approx((45, 30))
    assert max(found.values()) < 1e-9


def test_most_of_a_row_collapsed_is_not_seen():
    """The limit that is told: where most collapsed alike, the rest look tall and nobody is accused."""
    assert max(losses_against_neighbours(heights(dict.fromkeys(ROW[:4], 40))).values()) < MILD_FROM_PERCENT


@pytest.mark.parametrize("levels", [(Level.L1,), (Level.L1, Level.L2), (Level.T7, Level.T8, Level.L3)])
def test_too_few_neighbours_tell_nothing(levels):
    """Two unharmed bodies within three levels are needed."""
    assert Level.L1 not in losses_against_neighbours(heights({Level.L1: 50}, levels=levels))


def test_a_wedge_is_no_measure_for_others():
    """A body that lost its front is left out when others are compared."""
    row = heights(levels=(Level.L1, Level.L2, Level.L3))
    row[Level.L2] = BodyHeights(anterior=12, middle=18, posterior=26)
    found = losses_against_neighbours(row)

    assert set(found) == {Level.L2}


@example(lost={Level.T11: 53.0, Level.T12: 63.0, Level.L1: 52.5, Level.L2: 62.0}, size=1.25)  # a loss of just a fifth
@given(st.dictionaries(st.sampled_from(ROW), st.floats(0, 90)), st.floats(0.7, 1.5))
def test_a_loss_is_a_share(lost, size):
    """For every row, losses are between nothing and everything, and do not depend on stature."""
    found = losses_against_neighbours(heights(lost, size=size))
    other = losses_against_neighbours(heights(lost, size=1.0))

    assert all(0 <= loss <= 100 for loss in found.values())
    assert found == pytest.approx(other, abs=1e-6)
