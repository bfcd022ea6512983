import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.ct.volume import CtVolume
from tests.support.dicom_builder import SPACING_MM, a_series, a_volume

HU = np.zeros((3, 4, 5), np.int16)


@pytest.mark.parametrize(
    ("hu", "affine", "said"),
    [
        (HU.astype(np.float32), np.eye(4), "int16"),
        (HU[0], np.eye(4), "slice, row, column"),
        (HU[:0], np.eye(4), "slice, row, column"),
        (HU, np.eye(3), "finite"),
        (HU, np.full((4, 4), np.nan), "finite"),
        (HU, np.diag([1.0, 1, 0, 1]), "singular"),
    ],
)
def test_what_is_no_volume_cannot_be_made(hu, affine, said):
    """Given voxels or an affine that are no volume, then the reason is said."""
    with pytest.raises(ValueError, match=said):
        CtVolume(hu, affine, a_series())


def test_a_volume_cannot_be_changed():
    """Given a volume, then neither voxels nor affine can be written to."""
    volume = a_volume()
    for array in (volume.hu, volume.affine_lps):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_the_spacing_is_that_of_slices_rows_and_columns():
    """Given an affine with three different spacings, then they are told in axis order."""
    assert a_volume().spacing_mm == pytest.approx(SPACING_MM)


@given(st.tuples(*[st.floats(-500, 500)] * 3))
def test_index_and_place_are_inverse(index):
    """Given any index, then going to millimetres and back ends where it began."""
    volume = a_volume()
    point = volume.affine_lps @ [*index, 1]

    np.testing.assert_allclose((volume.lps_to_index @ point)[:3], index, atol=1e-8)


def test_slices_know_their_height():
    """LPS z of the middle of each slice, also where slices are tilted or stored downwards."""
    affine = np.array([[0, 0, 1.0, 0], [0, 1.0, 0, 0], [-2.5, 0.1, 0, 40.0], [0, 0, 0, 1]])
    volume = CtVolume(np.zeros((3, 11, 5), np.int16), affine, a_series())

    assert volume.slice_heights_mm == pytest.approx([40.5, 38.0, 35.5])


def test_images_are_as_many_as_slices():
    """The images behind a volume are named all or not at all."""
    hu, affine, series = np.zeros((3, 2, 2), np.int16), np.eye(4), a_series()

    assert CtVolume(hu, affine, series).sop_instance_uids == ()
    assert CtVolume(hu, affine, series, ("1.1", "1.2", "1.3")).sop_instance_uids == ("1.1", "1.2", "1.3")
    with pytest.raises(ValueError, match="2 images cannot make 3 slices"):
        CtVolume(hu, affine, series, ("1.1", "1.2"))
