"""Mirrors cds/bone/assess.py: lost height is told, and not where the name or the outline is in doubt."""

from dataclasses import replace

import numpy as np
import pytest

from tests.bone.assessing import COARSE, PLAIN, SERIES, SPINE, assess, codes, measure, of
from tests.bone.phantom import L1, L2, L3, a_canal, crush, level_z_mm, wedge

COLLAPSED = {level: COARSE.but(shapes={level: wedge()}) for level in (L1, L2)}


WEDGED = {level: (trunk.volume(), trunk.spine()) for level, trunk in COLLAPSED.items()}
"""CT and spine of a patient with one body collapsed in front."""


def test_a_collapsed_body_is_told_though_it_has_no_density():
    """L1 collapsed to 5 mm in front is refused for its size, replaced, and reported with its loss of height."""
    found = assess(*WEDGED[L1])

    assert found.status == "assessed"
    assert found.levels_used == (L2, L3)
    assert codes(found) == ["level-roi-small"]
    assert [loss.level for loss in found.height_losses] == [L1]
    assert found.height_losses[0].percent > 40


def test_a_collapsed_body_is_told_where_nothing_can_be_measured():
    """Without any value the result still carries the possible fracture."""
    volume, spine = WEDGED[L1]
    bodies = tuple(b if b.level == L1 else replace(b, cut_by_border=True) for b in spine.bodies)
    measured = measure(volume, replace(spine, bodies=bodies))
    found = measured.assessment

    assert found.status == "not-assessable"
    assert [loss.level for loss in found.height_losses] == [L1]
    assert measured.ct is not None
    assert measured.ct.spine.bodies == bodies


def test_the_plain_spine_lost_no_height():
    """No body, no fracture."""
    assert PLAIN.height_losses == ()


@pytest.mark.parametrize("level", [L1, L2])
def test_a_level_of_doubtful_name_is_not_called_fractured(level):
    """Where the row, or the level itself, may be named wrongly, no fracture is named."""
    volume, spine = WEDGED[level]
    disputed = tuple(replace(b, name_agrees=b.level != level) for b in spine.bodies)

    assert assess(volume, spine).height_losses != ()
    assert assess(volume, replace(spine, numbering_confidence=0.4)).height_losses == ()
    assert assess(volume, replace(spine, bodies=disputed)).height_losses == ()


def test_an_outline_in_doubt_is_shown_and_not_used():
    """No canal behind L1 alone: left out with a reason beside what it reads, and replaced."""
    found = assess(spine=replace(SPINE, spinal_canal=without_canal_at(L1)))
    of_l1 = {level.level: level for level in found.levels}[L1]

    assert found.levels_used == (L2, L3)
    assert not of_l1.used
    assert of_l1.hu == pytest.approx(150, abs=2)
    assert [reason.code for reason in of_l1.reasons] == ["level-without-canal"]
    assert [reason.text[:3] for reason in found.reasons] == ["L1:"]


def without_canal_at(level):
    """The canal, not seen within 14 mm of one body's centre."""
    canal = a_canal()
    height_mm = canal.affine_lps[2, 0] * np.arange(canal.inside.shape[0]) + canal.affine_lps[2, 3]
    hidden = np.abs(height_mm - level_z_mm(level)) <= 14
    return replace(canal, inside=np.where(hidden[:, None, None], 0, canal.inside).astype(np.float32))


def test_no_fracture_is_told_of_an_outline_in_doubt():
    """A collapsed body behind which no canal is seen is not called a fracture."""
    volume, spine = WEDGED[L1]
    found = assess(volume, replace(spine, spinal_canal=without_canal_at(L1)))

    assert found.height_losses == ()
    assert codes(found) == ["level-without-canal", "level-roi-small"]


def test_a_crush_fracture_is_told():
    """L1 fallen evenly from 27 to 14 mm: found beside its neighbours, graded, told, and not used."""
    crushed = COARSE.but(shapes={L1: crush(14.0)})
    found = of(crushed)

    assert [loss.level for loss in found.height_losses] == [L1]
    assert found.height_losses[0].percent == pytest.approx(48, abs=8)
    assert L1 not in found.levels_used


def test_a_moderate_loss_is_graded_on_its_level():
    """A crush of 30 % leaves enough bone to measure: shown with value, grade and reason, not used."""
    thin = replace(SERIES, slice_thickness_mm=1.5)
    found = of(COARSE.but(shapes={L1: crush(18.5)}, spacing_mm=(1.5, 2.0, 2.0), series=thin))
    of_l1 = {level.level: level for level in found.levels}[L1]

    assert "height-loss-moderate" in of_l1.flags
    assert [reason.code for reason in of_l1.reasons] == ["level-fracture"]
    assert of_l1.height_loss_percent == pytest.approx(31, abs=6)
