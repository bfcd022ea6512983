"""Series on disk become volumes, or refusals that name what is wrong."""

import copy

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread

from cds.ct.volume import CtVolume
from cds.dicomweb.writing import write_series
from tests.support.assembling import assembled, of_datasets, reason
from tests.support.dicom_builder import a_series, a_volume, edit, edit_all, store_unsigned


def test_a_good_series_becomes_its_volume(paths):
    """Given twelve slices, then the volume has their HU, affine and facts."""
    result = assembled(paths)

    np.testing.assert_array_equal(result.hu, a_volume().hu)
    np.testing.assert_allclose(result.affine_lps, a_volume().affine_lps)
    assert result.hu.flags.c_contiguous
    assert not result.hu.flags.writeable
    assert result.series == a_series(rows=36, columns=40, pixel_spacing_mm=(0.75, 0.5), rescale_type="HU")
    assert result.spacing_mm == pytest.approx((2.5, 0.75, 0.5))


@given(st.randoms())
def test_the_order_of_arrival_never_matters(datasets, random):
    """Given the same images in any order, then the volume is the same."""
    result = of_datasets(random.sample(datasets, len(datasets)))

    np.testing.assert_array_equal(result.hu, a_volume().hu)
    np.testing.assert_allclose(result.affine_lps, a_volume().affine_lps)


def test_the_geometry_is_that_of_the_positions_alone(paths):
    """Given instance numbers and slice locations that run the other way, then nothing changes."""
    for number, path in enumerate(paths):
        edit(path, InstanceNumber=100 - number, SliceLocation=number * -7.0)

    np.testing.assert_array_equal(assembled(paths).hu, a_volume().hu)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    start=st.tuples(*[st.floats(-900, 900)] * 3),
    spacing=st.floats(0.4, 5),
    pixel=st.tuples(st.floats(0.2, 1.5), st.floats(0.2, 1.5)),
    flips=st.tuples(st.sampled_from([1, -1]), st.sampled_from([1, -1])),
    tilt_deg=st.floats(-4.9, 4.9),
    random=st.randoms(),
)
def test_any_regular_axial_grid_is_placed_where_its_images_say(
    datasets, *, start, spacing, pixel, flips, tilt_deg, random
):
    """Given any origin, spacing, flip and small tilt, then each voxel lies where its image puts it."""
    row = np.array([flips[0], 0.0, 0.0])
    tilt = np.deg2rad(tilt_deg)
    column = np.array([0.0, flips[1] * np.cos(tilt), flips[1] * np.sin(tilt)])
    normal = np.cross(row, column)
    moved = []
    for number, dataset in enumerate(datasets):
        one = copy.deepcopy(dataset)
        one.ImageOrientationPatient = [f"{cosine:.9f}"[:16] for cosine in (*row, *column)]
        one.ImagePositionPatient = [f"{mm:.6f}"[:16] for mm in np.array(start) + number * spacing * normal]
        one.PixelSpacing = [f"{mm:.9f}" for mm in pixel]
        one.SliceThickness = f"{min(spacing, 5):.6f}"
        moved.append(one)
    result = of_datasets(random.sample(moved, len(moved)))

    assert isinstance(result, CtVolume)
    assert result.affine_lps[2, 0] > 0
    for number in (0, 5, 11):
        index = np.append(np.argwhere((result.hu == a_volume().hu[number]).all(axis=(1, 2)))[0], [3, 7, 1])
        expected = np.array(start) + number * spacing * normal + 3 * pixel[0] * column + 7 * pixel[1] * row
        np.testing.assert_allclose((result.affine_lps @ index)[:3], expected, atol=1e-3)


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"Modality": "MR"}, "not-ct", "MR"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2.1"}, "enhanced-multiframe", "multi-frame"),
        ({"NumberOfFrames": 12}, "enhanced-multiframe", "multi-frame"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "derived-series", "not stored as CT images"),
        ({"SamplesPerPixel": 3}, "derived-series", "not stored as CT images"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localizer", "scout"),
        ({"ImageType": ["DERIVED", "SECONDARY", "MPR"]}, "derived-series", "derived, secondary, mpr"),
        ({"ImagePositionPatient": None}, "geometry-missing", "ImagePositionPatient"),
        ({"ImageOrientationPatient": None}, "geometry-missing", "ImageOrientationPatient"),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "geometry-missing", "valid ImageOrientationPatient"),
        ({"ImageOrientationPatient": [0, 0, 0, 0, 0, 0]}, "geometry-missing", "valid ImageOrientationPatient"),
        ({"PixelSpacing": None}, "geometry-missing", "PixelSpacing"),
        ({"PixelSpacing": [0, 1]}, "geometry-missing", "PixelSpacing"),
        ({"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]}, "orientation-not-axial", "90.0 degrees"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0.98481, 0.17365]}, "orientation-not-axial", "10.0 degrees"),
        ({"GantryDetectorTilt": -12}, "gantry-tilt", "12.0 degrees"),
        ({"SliceThickness": 7.5}, "slices-too-thick", "7.5 mm"),
        ({"RescaleType": "US"}, "rescale-wrong", "US"),
        ({"RescaleType": "ED"}, "rescale-wrong", "ED"),
        ({"RescaleSlope": None}, "rescale-missing", "slope"),
        ({"RescaleIntercept": None}, "rescale-missing", "intercept"),
        ({"RescaleSlope": 0}, "rescale-missing", "slope"),
    ],
    ids=str,
)
def test_a_series_that_breaks_a_condition_is_refused_by_name(paths, changes, code, said):
    """Given one condition broken in every image, then the refusal names it."""
    edit_all(paths, **changes)
    found = reason(assembled(paths))

    assert code == found.code
    assert said in found.text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"SeriesInstanceUID": "1.2.3"}, "the series identifier"),
        ({"StudyInstanceUID": "1.2.3"}, "the study identifier"),
        ({"FrameOfReferenceUID": "1.2.3"}, "the frame of reference"),
        ({"PixelSpacing": [0.75, 0.6]}, "the pixel spacing"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0.99863, 0.05234]}, "the orientation"),
        ({"SliceThickness": 1.25}, "the slice thickness"),
        ({"ConvolutionKernel": "B70f"}, "the reconstruction kernel"),
        ({"KVP": 100}, "the tube voltage"),
        ({"Rows": 40, "Columns": 36}, "the number of rows and columns"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "the image type"),
        ({"ImageType": ["DERIVED", "SECONDARY", "MPR"]}, "the image type"),
    ],
    ids=str,
)
def test_one_image_that_differs_from_the_others_is_refused_by_name(paths, changes, said):
    """Given one foreign image among twelve, then the difference is named."""
    edit(paths[7], **changes)
    found = reason(assembled(paths))

    assert found.code == "mixed-series"
    assert said in found.text


def test_no_image_at_all_is_told():
    """Given nothing, then the series has no slices."""
    assert reason(of_datasets([])).code == "too-few-slices"


def test_every_slice_has_its_own_rescale(paths):
    """Given slices stored with different slope and intercept, then the HU are the same to a rounding."""
    for number, path in enumerate(paths):
        store_unsigned(path, bits_stored=16, intercept=-1024 - 100 * number)

    np.testing.assert_array_equal(assembled(paths).hu, a_volume().hu)


def test_images_compressed_with_loss_are_flagged(paths):
    """Given one image compressed with loss, then the volume's facts say so."""
    edit(paths[3], LossyImageCompression="01")

    assert assembled(paths).series.lossy


def test_after_ten_unreadable_images_the_rest_is_not_decoded(paths):
    """Given twelve images without pixels, then ten are counted and three named."""
    edit_all(paths, PixelData=None)

    assert reason(assembled(paths)).text == "10 image file(s) are cut short: image 0, image 1, image 2 and 7 more."


def test_many_more_images_than_expected_fit(tmp_path):
    """Given a longer series than was announced, then memory grows and nothing is lost."""
    series = a_series(instance_count=150)
    volume = a_volume(series, (150, 36, 40))
    paths = list(write_series(tmp_path, volume))

    np.testing.assert_array_equal(assembled(paths[::-1], series).hu, volume.hu)


def test_each_slice_knows_its_image(paths):
    """Given files in any order, then the volume names the image behind each slice, from feet to head."""
    volume = assembled(paths[::-1])
    lowest_first = sorted((dcmread(path) for path in paths), key=lambda image: image.ImagePositionPatient[2])

    assert volume.sop_instance_uids == tuple(image.SOPInstanceUID for image in lowest_first)


@pytest.mark.parametrize("uid", [None, "1.2.3"], ids=["missing", "on two images"])
def test_images_that_cannot_be_told_apart_are_not_named(paths, uid):
    """Given images without identifiers of their own, then the volume is as before and names none."""
    datasets = [dcmread(path) for path in paths]
    for dataset in datasets[3:5]:
        if uid is None:
            del dataset.SOPInstanceUID
        else:
            dataset.SOPInstanceUID = uid

    assert of_datasets(datasets).sop_instance_uids == ()
