from dataclasses import replace
from datetime import date

import pytest
from pydicom import dcmread

from cds.ct.acquisition import CtSeries
from cds.ct.patient import ArchivedPatient
from cds.dicomweb.attributes import DatasetAttributes, JsonAttributes
from cds.dicomweb.dataset import series_of
from tests.support.dicom_builder import a_series, edit, written

FULL = {
    "study_description": "CT Thorax",
    "series_description": "Thorax 2.5",
    "protocol_name": "Thorax",
    "station_name": "CT1",
    "device_serial_number": "4711",
    "gantry_tilt_deg": 0.5,
    "filter_type": "BODY",
    "filter_material": "ALUMINUM\\TIN",
    "multi_energy": True,
    "contrast_agent": "",
    "rescale_type": "HU",
    "patient_age_years": 76,
}


def read(path, **extra):
    """The series that one file describes."""
    return series_of(DatasetAttributes(dcmread(path)), **extra)


def test_every_attribute_survives_being_written(tmp_path):
    """Given a fully described series, when written and read, then every fact is the same."""
    series = a_series(**FULL)
    path = written(tmp_path, series)[0]
    expected = replace(series, instance_count=12, pixel_spacing_mm=(0.75, 0.5), rows=36, columns=40)

    assert read(path, instance_count=12) == expected


def test_dicom_json_tells_the_same_as_the_file(tmp_path):
    """Given one image as a file and as DICOM JSON, then both describe the same series."""
    path = written(tmp_path, a_series(**FULL))[0]
    elements = dcmread(path, stop_before_pixels=True).to_json_dict()

    assert series_of(JsonAttributes(elements)) == read(path)


def test_an_empty_dataset_is_a_series_of_which_nothing_is_known():
    """Given no attributes at all, then identifiers are empty and facts None."""
    nobody = ArchivedPatient("")

    assert series_of(JsonAttributes({})) == CtSeries(study_uid="", series_uid="", patient=nobody, modality="")


@pytest.mark.parametrize(
    ("attributes", "name", "expected"),
    [
        ({"KVP": ""}, "kvp", None),
        ({"KVP": "0"}, "kvp", None),
        ({"SliceThickness": "-1"}, "slice_thickness_mm", None),
        ({"PixelSpacing": ["0.7"]}, "pixel_spacing_mm", None),
        ({"PixelSpacing": ["0.7", "0"]}, "pixel_spacing_mm", None),
        ({"PatientSex": "O"}, "patient", "sex"),
        ({"PatientBirthDate": ""}, "patient", "birth_date"),
        ({"ConvolutionKernel": ["Br38f", "3"]}, "kernel", "Br38f"),
        ({"Modality": "ct"}, "modality", "CT"),
        ({"StudyDate": "", "SeriesDate": "20260101"}, "study_date", date(2026, 1, 1)),
        ({"LossyImageCompression": "01"}, "lossy", True),
        ({"ContrastBolusAgent": "GASTRO & OMNI"}, "contrast_agent", "GASTRO & OMNI"),
    ],
    ids=str,
)
def test_odd_values_become_what_they_mean_or_nothing(tmp_path, attributes, name, expected):
    """Given one odd attribute, then it is understood, or the fact is None."""
    path = written(tmp_path)[0]
    edit(path, **attributes)
    found = getattr(read(path), name)

    assert (getattr(found, expected) is None) if name == "patient" else found == expected


def test_a_lossy_transfer_syntax_is_lossy_though_no_attribute_says_so(tmp_path):
    """Given near-lossless JPEG-LS, then the series counts as compressed with loss."""
    path = written(tmp_path)[0]

    assert read(path, transfer_syntax="1.2.840.10008.1.2.4.81").lossy
    assert not read(path, transfer_syntax="1.2.840.10008.1.2.4.80").lossy
