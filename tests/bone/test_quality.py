from datetime import date

import pytest

from cds.bone.quality import check_series, check_volume
from cds.ct.patient import ArchivedPatient
from tests.bone.phantom import Trunk, a_series, tilted

COARSE = Trunk(spacing_mm=(5.0, 4.0, 4.0))
VOLUME = COARSE.volume()


def codes(reasons):
    """The codes alone."""
    return [reason.code for reason in reasons]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({}, None),
        ({"kvp": None}, "kvp-missing"),
        ({"kvp": 60.0}, "kvp-outside"),
        ({"filter_material": "TIN"}, "spectral-filter"),
        ({"protocol_name": "Thorax Sn100"}, "spectral-filter"),
        ({"series_description": "Mono 70 keV"}, "virtual-monoenergetic"),
        ({"kernel": "Sa36"}, "kernel-emulates-kvp"),
        ({"slice_thickness_mm": 7.5}, "slices-too-thick"),
        ({"rescale_type": "HU"}, None),
        ({"rescale_type": " hu "}, None),
        ({"rescale_type": ""}, None),
        ({"rescale_type": "US"}, "rescale-wrong"),
        ({"rescale_type": "Z_EFF"}, "rescale-wrong"),
        ({"patient_age_years": 18}, None),
        ({"patient_age_years": 17}, "age-below-18"),
        ({"model": "NAEOTOM Alpha"}, "photon-counting"),
        ({"model": "SOMATOM Force"}, None),
        ({"gantry_tilt_deg": -4.0}, None),
        ({"gantry_tilt_deg": -7.0}, "gantry-tilt"),
        ({"modality": "MR"}, "not-ct"),
    ],
)
def test_what_the_attributes_refuse(facts, code):
    """Each fact that rules a measurement out has its code; nothing else refuses."""
    refused, _ = check_series(a_series(**facts))

    assert codes(refused) == ([] if code is None else [code])


def test_the_birth_date_decides_about_age():
    """A patient of 17 by birth date is refused whatever PatientAge says."""
    young = ArchivedPatient("P", birth_date=date(2008, 5, 2))
    refused, _ = check_series(a_series(patient=young, study_date=date(2026, 5, 1), patient_age_years=40))

    assert codes(refused) == ["age-below-18"]


def test_several_reasons_are_all_told():
    """A series can be wrong in more than one way."""
    refused, _ = check_series(a_series(kvp=None, rescale_type="US", patient_age_years=12))

    assert codes(refused) == ["kvp-missing", "rescale-wrong", "age-below-18"]


@pytest.mark.parametrize(
    ("facts", "flags"),
    [
        ({}, ()),
        ({"kvp": 100.0}, ()),
        ({"kvp": 70.0}, ("kvp-uncommon",)),
        ({"kvp": 150.0}, ("kvp-uncommon",)),
        ({"kvp": None}, ()),
        ({"kernel": "B70f"}, ("kernel-sharp",)),
        ({"kernel": "BONE"}, ("kernel-sharp",)),
        ({"kernel": "B30f"}, ()),
        ({"gantry_tilt_deg": 3.0}, ("tilted",)),
        ({"gantry_tilt_deg": 0.5}, ()),
        ({"lossy": True}, ("lossy-compression",)),
    ],
)
def test_what_the_attributes_flag(facts, flags):
    """Unusual voltage, sharp kernel, small tilt and loss are said, not refused."""
    assert check_series(a_series(**facts))[1] == flags


def test_good_voxels_pass():
    """A plain volume is neither refused nor flagged, apart from its thick slices."""
    assert check_volume(VOLUME) == ((), ("slices-thick",))


@pytest.mark.parametrize(
    ("air_hu", "code", "flags"),
    [
        (-1000, None, ()),
        (-980, None, ("air-offset",)),
        (-1018, None, ("air-offset",)),
        (-940, "air-out-of-range", ("air-offset",)),
    ],
)
def test_air_shows_a_wrong_scale(air_hu, code, flags):
    """Air far from -1000 HU refuses the series, a small offset is flagged."""
    refused, found = check_volume(COARSE.but(air_hu=air_hu, soft_hu=30.0, table=False, noise_hu=1.0).volume())

    assert codes(refused) == ([] if code is None else [code])
    assert [flag for flag in found if flag != "slices-thick"] == list(flags)


@pytest.mark.parametrize(
    ("degrees", "code", "flagged"),
    [(0, None, False), (0.5, None, False), (3, None, True), (-3, None, True), (8, "orientation-not-axial", True)],
)
def test_tilted_slices(degrees, code, flagged):
    """Slices tilted by over 1 degree are flagged, by over 5 refused."""
    refused, flags = check_volume(tilted(VOLUME, degrees))

    assert codes(refused) == ([] if code is None else [code])
    assert ("tilted" in flags) is flagged


@pytest.mark.parametrize(
    ("spacing_mm", "thickness_mm", "code", "flagged"),
    [
        (2.5, None, None, False),
        (3.0, 3.0, None, False),
        (2.5, 5.0, None, True),
        (5.004, 5.0, None, True),
        (6.0, 5.0, "slices-too-thick", True),
        (2.5, 7.5, "slices-too-thick", True),
    ],
)
def test_slices_are_judged_by_thickness_and_distance(spacing_mm, thickness_mm, code, flagged):
    """The larger of recorded thickness and true distance counts, to 0.01 mm."""
    volume = COARSE.but(spacing_mm=(spacing_mm, 4.0, 4.0), series=a_series(slice_thickness_mm=thickness_mm)).volume()
    refused, flags = check_volume(volume)

    assert codes(refused) == ([] if code is None else [code])
    assert ("slices-thick" in flags) is flagged
