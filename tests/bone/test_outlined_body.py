import pytest

from cds.bone.outlined_body import OutlinedBody, UnmeasuredBody, outlined_body
from cds.ct.reason import because
from tests.bone.phantom import L1, a_body, a_lone_body, a_series, a_wedge

VOLUME = a_lone_body(spacing_mm=(2.0, 2.0, 2.0)).volume()


def test_a_whole_body_has_its_heights():
    """Outlined, a body knows its level and that it lost nothing."""
    found = outlined_body(VOLUME, a_body())

    assert isinstance(found, OutlinedBody)
    assert found.level == L1
    assert found.height_loss_percent == pytest.approx(0, abs=3)


@pytest.mark.parametrize("front_mm", [6.0, 8.0, 12.0])
def test_a_collapsed_body_shows_its_loss(front_mm):
    """A front of 6 to 12 mm before a back of 22 mm: the loss is read at 20 and 80 % of the depth."""
    found = outlined_body(VOLUME, a_wedge(front_mm=front_mm, back_mm=22.0))
    read = 1 - (0.8 * front_mm + 0.2 * 22) / (0.2 * front_mm + 0.8 * 22)

    assert found.height_loss_percent == pytest.approx(100 * read, abs=4)


def test_thick_slices_tell_nothing_about_height():
    """Over 3 mm the loss is unknown."""
    thick = a_lone_body(spacing_mm=(2.0, 2.0, 2.0), series=a_series(slice_thickness_mm=3.5)).volume()

    assert outlined_body(thick, a_wedge()).height_loss_percent is None


@pytest.mark.parametrize(
    ("body", "code"),
    [(a_body(cut=True), "level-cut"), (a_body(half_mm=(30.0, 25.0, 1.5)), "level-outside-body")],
    ids=["cut", "no body"],
)
def test_what_is_not_a_whole_body_has_no_height(body, code):
    """A cut body and an outline that no vertebra has are refused without a height."""
    found = outlined_body(VOLUME, body)

    assert [reason.code for reason in found.reasons] == [code]
    assert not isinstance(found, UnmeasuredBody)


def test_an_unmeasured_body_needs_a_reason():
    """Refused without saying why is a fault; without a height it is not."""
    assert UnmeasuredBody((because("level-metal"),)).height_loss_percent is None
    with pytest.raises(ValueError, match="reason"):
        UnmeasuredBody((), 40.0)
