"""Mirrors cds/dicomweb/assembly.py: where the slices lie, and which are missing or there twice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread

from cds.ct.volume import CtVolume
from tests.support.assembling import assembled, of_datasets, reason
from tests.support.dicom_builder import a_volume, edit, edit_all


def test_a_missing_slice_is_named_with_its_place(paths):
    """Given slices 3 and 8 removed, then two are missing, the first at -402.5 mm."""
    kept = [path for number, path in enumerate(paths) if number not in (3, 8)]

    assert reason(assembled(kept)).text == "2 slice(s) are missing, the first near slice position -402.5 mm."


@given(st.integers(1, 10))
def test_wherever_one_slice_is_missing_it_is_noticed(datasets, missing):
    """Given any slice but the outermost removed, then exactly its place is named."""
    kept = [dataset for number, dataset in enumerate(datasets) if number != missing]
    found = reason(of_datasets(kept))

    assert found.text == f"1 slice(s) are missing, the first near slice position {-410 + 2.5 * missing:.1f} mm."


def test_the_same_slice_twice_counts_once(paths):
    """Given one image delivered twice, then the volume is the same."""
    result = assembled([*paths, paths[4]])

    np.testing.assert_array_equal(result.hu, a_volume().hu)


def test_two_different_slices_at_one_place_are_refused(paths):
    """Given another image at the place of one, then the place is named."""
    edit(paths[5], ImagePositionPatient=dcmread(paths[4]).ImagePositionPatient, SOPInstanceUID="1.2.3")

    assert reason(assembled(paths)).text == (
        "1 slice position(s) occur more than once, the first at -400.0 mm, with different pixels."
    )


def test_uneven_spacing_is_told_in_millimetres(paths):
    """Given one slice 0.8 mm out of place, then the smallest and largest distance are named."""
    edit(paths[5], ImagePositionPatient=[-123.5, -60.25, -410 + 5 * 2.5 + 0.8])

    assert reason(assembled(paths)).text == "The distance between slices varies from 1.70 to 3.30 mm."


def test_rounding_of_positions_is_no_uneven_spacing(paths):
    """Given positions written with one decimal, then the grid is regular all the same."""
    for number, path in enumerate(paths):
        edit(path, ImagePositionPatient=[-123.5, -60.25, round(-410 + number * 0.625, 1)], SliceThickness=0.625)
    result = assembled(paths)

    assert isinstance(result, CtVolume)
    assert result.spacing_mm[0] == pytest.approx(0.625, abs=0.01)


def test_spacing_that_drifts_is_refused(paths):
    """Given distances that grow a little with every slice, then the sum is noticed."""
    for number, path in enumerate(paths):
        edit(path, ImagePositionPatient=[-123.5, -60.25, -410 + number * 0.5 + 0.006 * number**2], SliceThickness=0.5)

    assert reason(assembled(paths)).code == "spacing-not-uniform"


def test_slices_too_far_apart_are_refused(paths):
    """Given 1 mm slices every 10 mm, then the distance is named."""
    for number, path in enumerate(paths):
        edit(path, ImagePositionPatient=[-123.5, -60.25, -410 + number * 10], SliceThickness=1)

    assert reason(assembled(paths)).text == "The slices lie 10.0 mm apart; at most 5 mm can be measured."


def test_all_slices_at_one_place_are_no_volume(paths):
    """Given positions that never change, then there is no grid."""
    edit_all(paths, ImagePositionPatient=[0, 0, 0])

    assert reason(assembled(paths)).code == "slices-duplicate"


def test_a_stack_that_leans_is_a_tilted_gantry(paths):
    """Given slices shifted sideways step by step, then the lean is named as gantry tilt."""
    for number, path in enumerate(paths):
        edit(path, ImagePositionPatient=[-123.5, -60.25 + number * 2.5 * np.tan(np.deg2rad(8)), -410 + number * 2.5])

    assert reason(assembled(paths)).text == "The gantry was tilted by 8.0 degrees; at most 5 degrees can be measured."


def test_a_slice_out_of_line_is_refused(paths):
    """Given one slice moved sideways, then that is named."""
    edit(paths[5], ImagePositionPatient=[-100.0, -60.25, -397.5])

    assert "the position in the slice plane" in reason(assembled(paths)).text


@pytest.mark.parametrize("count", [1, 2, 7])
def test_too_few_slices_are_counted(paths, count):
    """Given fewer than eight slices, then their number is told."""
    assert reason(assembled(paths[:count])).text == f"The series has {count} slices; at least 8 are needed."
