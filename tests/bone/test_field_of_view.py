import pytest

from cds.bone.field_of_view import cut_share
from cds.bone.image_checks import check_field_of_view
from tests.bone.phantom import TRUNK_CENTRE_Y_MM, TRUNK_HALF_MM, Trunk, cut_out, flipped, with_axes

CENTRE = (0.0, 0.0, 0.0)
VOLUME = Trunk(spacing_mm=(5.0, 2.0, 2.0), noise_hu=5.0).volume()
BACK_MM = TRUNK_CENTRE_Y_MM + TRUNK_HALF_MM[1]


def test_a_whole_body_is_not_cut():
    """Nothing of it lies on the edge of the field of view, table or not."""
    found = cut_share(VOLUME, CENTRE)

    assert (found.whole_percent, found.back_percent) == (0, 0)


@pytest.mark.parametrize(
    ("limits", "flags"),
    [
        ({"left_mm": 140.0}, ("fov-truncated",)),
        ({"left_mm": 90.0}, ("fov-truncated", "fov-narrow")),
        ({"behind_mm": BACK_MM - 25}, ("fov-truncated", "fov-cuts-back")),
        ({"left_mm": 60.0, "behind_mm": 40.0}, ("fov-truncated", "fov-narrow", "fov-cuts-back")),
    ],
    ids=["arms of the trunk", "narrow", "a low table", "a spine scan"],
)
def test_what_is_cut_is_told(limits, flags):
    """The sides alone, most of the body, the back alone, or both."""
    assert check_field_of_view(cut_out(VOLUME, **limits), CENTRE) == flags


def test_more_is_cut_of_less():
    """The narrower the field of view, the larger the share."""
    found = [cut_share(cut_out(VOLUME, left_mm=mm), CENTRE).whole_percent for mm in (140.0, 100.0, 60.0)]

    assert found == sorted(found)


def test_storage_order_does_not_matter():
    """Flipped, or with rows and columns exchanged, the same is cut."""
    volume = cut_out(VOLUME, left_mm=100.0, behind_mm=40.0)
    expected = cut_share(volume, CENTRE)

    for stored in (*(flipped(volume, axis) for axis in range(3)), with_axes(volume, (0, 2, 1))):
        found = cut_share(stored, CENTRE)
        assert found.whole_percent == pytest.approx(expected.whole_percent, abs=2)
        assert found.back_percent == pytest.approx(expected.back_percent, abs=3)
