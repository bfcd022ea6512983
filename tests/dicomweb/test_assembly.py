"""Series on disk become volumes, or refusals that name what is wrong."""

import copy
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread

from cds.ct.acquisition import CtSeries
from cds.ct.patient import ArchivedPatient, check_patient
from cds.ct.reason import NotAssessable
from cds.ct.usability import refusal
from cds.ct.volume import CtVolume
from cds.dicomweb.assembly import assemble_volume
from cds.dicomweb.attributes import DatasetAttributes
from cds.dicomweb.scanned_file import transfer_syntax_of
from cds.dicomweb.slices import slice_of
from cds.dicomweb.writing import write_series
from tests.support.dicom_builder import (
    a_patient,
    a_series,
    a_volume,
    an_identity,
    edit,
    edit_all,
    store_unsigned,
    written,
)


def assembled(paths, series=None):
    """What the files give, taken in the order of `paths`."""
    datasets = [dcmread(path) for path in paths]
    return of_datasets(datasets, series)


def of_datasets(datasets, series=None):
    """What datasets give, in their order."""
    images = [
        (slice_of(DatasetAttributes(one), name=f"image {number}", transfer_syntax=transfer_syntax_of(one)), one)
        for number, one in enumerate(datasets)
    ]
    return assemble_volume(images, series or a_series())


def reason(result):
    """The one reason for which a result was refused."""
    assert isinstance(result, NotAssessable)
    assert len(result.reasons) == 1
    return result.reasons[0]


@pytest.fixture
def paths(tmp_path):
    """A good series of twelve files."""
    return written(tmp_path)


class Loaded(list):
    """Datasets, with a name short enough for a report."""

    def __repr__(self):
        return f"{len(self)} datasets"


@pytest.fixture(scope="module")
def datasets(tmp_path_factory):
    """A good series in memory; not to be changed."""
    return Loaded(dcmread(path) for path in written(tmp_path_factory.mktemp("series")))


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


@pytest.mark.parametrize(
    "changes",
    [
        {"PatientID": "PAT-2"},
        {"PatientID": "pat-1"},
        {"PatientID": ""},
        {"IssuerOfPatientID": "SOUTH"},
        {"PatientBirthDate": "19500302"},
        {"PatientSex": "M"},
    ],
    ids=str,
)
def test_one_image_of_somebody_else_is_refused(paths, changes):
    """Given one image that names another patient, then the whole series is refused."""
    edit(paths[7], **changes)

    assert reason(assembled(paths, a_series(patient=a_patient(issuer="NORTH")))).code == "patient-mismatch"


BARE = ArchivedPatient("PAT-1")


def test_a_birth_date_missing_in_the_first_image_is_taken_from_the_others(paths):
    """Given a first image without birth date and eleven of somebody born 1990, then the volume is of 1990."""
    edit_all(paths, PatientBirthDate="19900101")
    edit(paths[0], PatientBirthDate="")
    result = assembled(paths, a_series(patient=a_patient(birth_date=None)))

    assert result.series.patient == a_patient(birth_date=date(1990, 1, 1))
    assert check_patient(an_identity(birth_date=date(1950, 3, 1)), result.series.patient) == "mismatch"


@pytest.mark.parametrize(
    ("attribute", "one", "other"),
    [
        ("PatientBirthDate", "19500301", "19900101"),
        ("PatientSex", "F", "M"),
        ("IssuerOfPatientID", "NORTH", "SOUTH"),
    ],
)
def test_images_that_contradict_each_other_are_refused_whatever_was_known(paths, attribute, one, other):
    """Given two images that contradict each other in what no other tells, then the series is refused."""
    edit_all(paths, PatientBirthDate="", PatientSex="")
    edit(paths[3], **{attribute: one})
    edit(paths[9], **{attribute: other})

    for order in (paths, paths[::-1]):
        assert reason(assembled(order, a_series(patient=BARE))).code == "patient-mismatch"


def test_the_patient_of_a_volume_has_every_fact_that_any_image_has(paths):
    """Given issuer, birth date and sex each in one image, then the volume's patient has all three."""
    edit_all(paths, PatientBirthDate="", PatientSex="")
    edit(paths[2], IssuerOfPatientID="NORTH")
    edit(paths[7], PatientBirthDate="19500301")
    edit(paths[11], PatientSex="F")

    assert assembled(paths, a_series(patient=BARE)).series.patient == a_patient(issuer="NORTH")


def test_the_facts_of_a_volume_are_those_of_its_images(paths):
    """Given a series known by its identifiers alone, then the gates see what the images' texts say."""
    edit_all(paths, SeriesDescription="Thorax Sn100", ContrastBolusAgent="")
    known = CtSeries(study_uid=a_series().study_uid, series_uid=a_series().series_uid, patient=BARE, modality="CT")
    result = assembled(paths, known)

    expected = assembled(paths).series
    assert result.series == expected
    assert (expected.series_description, expected.contrast_agent, expected.kvp) == ("Thorax Sn100", "", 120)
    assert refusal(result.series).code == "spectral-filter"


def test_what_was_known_only_fills_the_gaps_of_the_images(paths):
    """Given facts known before, then those that the images lack stand, and the others are the images'."""
    edit_all(paths, StudyDate="")
    edit(paths[0], StudyDescription="CT Thorax")
    known = replace(a_series(), study_date=date(2026, 5, 4), model="Other", body_part="HEAD", lossy=True)
    result = assembled(paths, known)

    assert result.series.study_date == date(2026, 5, 4)
    assert result.series.study_description == "CT Thorax"
    assert (result.series.model, result.series.body_part, result.series.lossy) == ("Scanner 64", "CHEST", True)


def test_padding_of_the_patient_identifier_does_not_count(paths):
    """Given one image whose identifier carries more padding, then the series is whole."""
    edit(paths[7], PatientID="PAT-1 ")

    assert isinstance(assembled(paths), CtVolume)


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
