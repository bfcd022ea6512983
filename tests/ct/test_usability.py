import pytest

from cds.ct.usability import refusal, shows_spine
from tests.support.dicom_builder import a_series


def test_an_ordinary_chest_ct_is_usable():
    """Given a chest CT with soft kernel and 2.5 mm slices, then nothing speaks against it."""
    assert refusal(a_series()) is None


def test_what_is_not_recorded_does_not_speak_against_a_series():
    """Given a series with little more than its tube voltage, then it is left to assembly to judge."""
    sparse = a_series(
        sop_class_uid=None, image_type=(), instance_count=None, body_part=None, kernel=None, slice_thickness_mm=None
    )

    assert refusal(sparse) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"modality": "MR"}, "not-ct"),
        ({"modality": ""}, "not-ct"),
        ({"sop_class_uid": "1.2.840.10008.5.1.4.1.1.2.1"}, "enhanced-multiframe"),
        ({"sop_class_uid": "1.2.840.10008.5.1.4.1.1.7"}, "derived-series"),
        ({"image_type": ("ORIGINAL", "PRIMARY", "LOCALIZER")}, "localizer"),
        ({"series_description": "Topogram 0.6"}, "localizer"),
        ({"image_type": ("DERIVED", "SECONDARY", "REFORMATTED")}, "derived-series"),
        ({"image_type": ("DERIVED", "PRIMARY", "AXIAL")}, "derived-series"),
        ({"series_description": "Thorax MIP 8.0"}, "derived-series"),
        ({"image_type": ("ORIGINAL", "PRIMARY", "AXIAL", "VMI")}, "virtual-monoenergetic"),
        ({"series_description": "Abdomen Mono+ 70 keV"}, "virtual-monoenergetic"),
        ({"series_description": "VNC 2.0"}, "virtual-monoenergetic"),
        ({"series_description": "DE_Abdomen 2.0 F_0.5"}, "virtual-monoenergetic"),
        ({"protocol_name": "Thorax_LowDose_Sn100"}, "spectral-filter"),
        ({"series_description": "Lung Tin filter"}, "spectral-filter"),
        ({"filter_material": "ALUMINUM\\TIN"}, "spectral-filter"),
        ({"filter_type": "SN"}, "spectral-filter"),
        ({"kernel": "Sa36f"}, "kernel-emulates-kvp"),
        ({"kvp": None}, "kvp-missing"),
        ({"kvp": 60.0}, "kvp-outside"),
        ({"kvp": 190.0}, "kvp-outside"),
        ({"slice_thickness_mm": 5.5}, "slices-too-thick"),
        ({"instance_count": 1}, "too-few-slices"),
        ({"instance_count": 7}, "too-few-slices"),
        ({"body_part": "HEAD"}, "body-part-without-spine"),
        ({"body_part": "KNEE"}, "body-part-without-spine"),
        ({"body_part": "CSPINE"}, "body-part-without-spine"),
    ],
    ids=str,
)
def test_a_series_that_cannot_be_measured_is_refused_by_name(changes, expected):
    """Given one thing that speaks against a series, then that is the reason."""
    reason = refusal(a_series(**changes))

    assert reason is not None
    assert expected == reason.code


@pytest.mark.parametrize(
    "changes",
    [
        {"kvp": 70.0},
        {"kvp": 150.0},
        {"slice_thickness_mm": 5.0},
        {"instance_count": 8},
        {"filter_type": "BODY FILTER"},
        {"filter_type": "FLAT"},
        {"filter_material": "ALUMINUM"},
        {"series_description": "CT Monitoring continued, testing"},
        {"series_description": "MONOCHROME2"},
        {"protocol_name": "FDG_TK_KM"},
        {"body_part": "PARTIALBODY"},
    ],
    ids=str,
)
def test_what_only_looks_like_a_refusal_passes(changes):
    """Given values at a limit, or words that merely contain a telling one, then the series is usable."""
    assert refusal(a_series(**changes)) is None


@pytest.mark.parametrize(
    ("body_part", "expected"),
    [
        ("CHEST", True),
        ("ABDOMEN", True),
        ("LSPINE", True),
        ("CHESTABDPELVIS", True),
        ("HEART", True),
        ("HEAD", False),
        ("CSPINE", False),
        ("KNEE", False),
        ("PELVIS", None),
        ("SPINE", None),
        ("", None),
        (None, None),
    ],
)
def test_a_body_part_tells_whether_the_spine_is_shown(body_part, expected):
    """Given BodyPartExamined, then spine is shown, not shown, or not told."""
    assert shows_spine(a_series(body_part=body_part)) is expected
