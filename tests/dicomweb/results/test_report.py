"""Mirrors cds/dicomweb/results/report.py and measurement_groups.py; read back by highdicom."""

from dataclasses import replace

import pytest
from highdicom.sr import Comprehensive3DSR
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import HeightLoss
from cds.bone.record import to_record
from cds.ct.reason import because
from cds.dicomweb.folder import FolderArchive
from cds.dicomweb.results.report import report_of
from cds.dicomweb.results.reported import ReportedResult
from cds.dicomweb.results.segmentation import segmentation_of
from cds.dicomweb.results.source import source_images
from tests.support.assessments import a_contrast_assessment, a_level, a_refusal
from tests.support.dciodvfy import complaints
from tests.support.dicom_builder import SERIES_UID, written
from tests.support.image_results import NOTICE, as_file, read_back, regions_in, reported

T12, L1, L2 = VertebralLevel.T12, VertebralLevel.L1, VertebralLevel.L2
DXA_CODES = {"24966-4", "38267-1", "85394-5", "46278-8", "80948-3", "BMD"}


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    """Regions in a small CT, and its images."""
    folder = tmp_path_factory.mktemp("ct")
    written(folder)
    archive = FolderArchive(folder)
    regions = regions_in(archive.retrieve(archive.scan().series[0]))
    return regions, source_images(archive.headers(SERIES_UID), regions.sop_instance_uids)


def report(ct, result=None, **facts):
    """What a reader of the written report sees."""
    return Comprehensive3DSR.from_dataset(read_back(report_of(result or reported(**facts), *ct)))


def code_of(concept):
    """A code, short or long."""
    return concept.get("CodeValue") or concept.LongCodeValue


def numbers(group):
    """Its measurements by code, with units."""
    return {code_of(each.name): (each.value, each.unit.value) for each in group.get_measurements()}


def said(group):
    """Its qualitative evaluations: every answer to each question."""
    found = {}
    for each in group.get_qualitative_evaluations():
        found.setdefault(code_of(each.name), []).append(code_of(each.value))
    return found


def groups(document):
    """The groups of regions by their tracking identifier."""
    return {each.tracking_identifier: each for each in document.content.get_volumetric_roi_measurement_groups()}


def patient_group(document):
    """The group of the patient's value."""
    (group,) = document.content.get_image_measurement_groups()
    return group


def texts(document):
    """Every comment."""
    items = [item for item in document.ContentSequence if item.ConceptNameCodeSequence[0].CodeValue == "121106"]
    return [item.TextValue for item in items]


levels = st.builds(
    a_level,
    level=st.sampled_from([T12, L1, L2]),
    hu=st.floats(-50, 400),
    hu_sd=st.floats(1, 200),
    vbmd_mg_cm3=st.floats(0, 300),
    ci95_mg_cm3=st.tuples(st.floats(0, 100), st.floats(100, 400)),
    roi_cm3=st.floats(0.1, 30),
    height_loss_percent=st.none() | st.floats(0, 80),
)


@given(
    st.lists(levels, min_size=1, max_size=3, unique_by=lambda each: each.level),
    st.floats(0, 300),
    st.floats(0, 1),
    st.none() | st.floats(-5, 5),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_values_are_those_of_the_record(ct, found, vbmd, probability, z_score):
    """Given any result, then each number of the report is the record's, to its last digit."""
    result = reported(
        levels=tuple(found),
        vbmd_mg_cm3=vbmd,
        ci95_mg_cm3=(vbmd / 2, vbmd * 2),
        probability_osteoporosis_range=probability,
        z_score=z_score,
    )
    record = to_record(result.assessment)
    document = report(ct, result)
    patient, by_region = numbers(patient_group(document)), groups(document)

    assert patient["patient-vbmd"] == (record["vbmd_mg_cm3"], "mg/cm3")
    assert [patient["ci95-low"][0], patient["ci95-high"][0]] == record["ci95_mg_cm3"]
    assert patient["probability-osteoporosis-range"][0] == record["probability_osteoporosis_range"]
    assert patient.get("113071", (None,))[0] == record["z_score"]
    for level in record["levels"]:
        of_roi = numbers(by_region[f"{level['level']} trabecular ROI"])
        assert of_roi["112181"] == (level["hu"], "[hnsf'U]")
        assert of_roi["112183"] == (level["hu_sd"], "[hnsf'U]")
        assert of_roi["level-vbmd"] == (level["vbmd_mg_cm3"], "mg/cm3")
        assert [of_roi["ci95-low"][0], of_roi["ci95-high"][0]] == level["ci95_mg_cm3"]
        assert of_roi["118565006"] == (level["roi_cm3"], "cm3")
        of_body = by_region.get(f"{level['level']} vertebral body")
        loss = None if of_body is None else numbers(of_body)["height-loss"][0]
        assert loss == level["height_loss_percent"]


def test_regions_are_the_segments(ct):
    """Given segmentation and report of one result, then tracking UID, segment number and site agree."""
    segmentation = segmentation_of(reported(), *ct)
    segments = {each.TrackingUID: each for each in segmentation.SegmentSequence}

    for group in groups(report(ct)).values():
        segment = segments[group.tracking_uid]
        reference = group.referenced_segment
        assert segment.TrackingID == group.tracking_identifier
        assert reference.referenced_sop_instance_uid == segmentation.SOPInstanceUID
        assert reference.referenced_segment_numbers == [segment.SegmentNumber]
        assert group.finding_sites[0].value.value == segment.AnatomicRegionSequence[0].CodeValue


def test_levels_say_whether_they_count_and_why_not(ct):
    """T12 was measured and left out: no, with its reason; L1 counts and needs none."""
    by_region = groups(report(ct))

    assert said(by_region["T12 trabecular ROI"])["used"] == ["373067005"]
    assert said(by_region["T12 trabecular ROI"])["reason"] == ["level-not-needed"]
    assert said(by_region["L1 trabecular ROI"])["used"] == ["373066001"]
    assert "reason" not in said(by_region["L1 trabecular ROI"])


def test_the_patient_has_category_basis_contrast_and_every_flag(ct):
    """What qualifies the value stands beside it, coded."""
    facts = said(patient_group(report(ct)))

    assert facts["category"] == ["osteoporosis-range"]
    assert facts["interval-kind"] == ["two-sided"]
    assert facts["contrast"] == ["contrast-none"]
    assert facts["phantom-basis"] == ["K2HPO4"]
    assert facts["scanner-calibration"] == ["unknown"]
    assert facts["population"] == ["example-norms-2024"]
    assert facts["quality-flag"] == ["scanner-not-calibrated", "near-80"]


def test_an_upper_estimate_is_named_as_one_everywhere(ct):
    """Under contrast the patient's value and each vertebra's say so."""
    enhanced = a_contrast_assessment()
    document = report(ct, replace(reported(), assessment=enhanced))

    assert said(patient_group(document))["interval-kind"] == ["upper-estimate"]
    assert said(groups(document)["L1 trabecular ROI"])["interval-kind"] == ["upper-estimate"]


def test_an_estimate_names_the_vertebrae_it_came_from(ct):
    """A value for L1-L2 that was measured elsewhere says where."""
    document = report(ct, levels_used=(T12,), flags=("single-level",))

    assert said(patient_group(document))["estimated-from"] == ["T12"]


def test_no_category_below_fifty(ct):
    """Without a category there is no such item."""
    assert "category" not in said(patient_group(report(ct, category=None)))


def test_a_possible_fracture_is_told_in_words_too(ct):
    """Also of a body without a density: its loss as a number, and a sentence that asks to look."""
    document = report(ct, levels=(a_level(L1),), height_losses=(HeightLoss(L2, 31.0),))

    assert numbers(groups(document)["L2 vertebral body"])["height-loss"] == (31.0, "%")
    assert "L2: 31 % height loss, possible fracture, please look at the images." in texts(document)


def test_notice_and_limits_are_comments(ct):
    """Every report says that it is investigational and rules nothing out."""
    assert texts(report(ct)) == [NOTICE, "It raises suspicion; it cannot rule out low bone density."]


def test_software_is_never_the_interpreter(ct):
    """Preliminary, unverified; the observer is a device with version and weights."""
    document = report(ct)
    context = {code_of(item.ConceptNameCodeSequence[0]): item for item in document.ContentSequence}

    assert (document.VerificationFlag, document.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")
    assert context["121005"].ConceptCodeSequence[0].CodeValue == "121007"
    assert context["121013"].TextValue == "osteocds 0.1.0"
    assert context["121016"].TextValue == "ab" * 32


def test_no_code_of_dxa_appears(ct):
    """A density by CT never travels under a code of DXA, nor is a T-score spoken of."""
    text = report(ct).to_json()

    assert not any(f'"{code}"' in text for code in DXA_CODES)
    assert "T-score" not in text


def test_a_repeat_is_the_same_byte_for_byte(ct):
    """The same result gives the same report, whenever it is written."""
    assert as_file(report_of(reported(), *ct)) == as_file(report_of(reported(), *ct))


def test_dciodvfy_finds_no_error(ct, tmp_path):
    """Content tree and modules are valid, whatever is said."""
    full = reported(
        levels_used=(T12, L1),
        height_losses=(HeightLoss(L2, 41.0),),
        levels=(
            a_level(T12, flags=("noisy", "roi-small")),
            a_level(L1, used=False, reasons=(because("level-outlier", difference_mg_cm3=40.0),)),
        ),
    )

    assert complaints(report_of(full, *ct), tmp_path) == []


def test_a_refusal_has_no_report():
    """A CT that could not be assessed leaves nothing in the archive."""
    with pytest.raises(ValueError, match="no result"):
        ReportedResult("r", a_refusal(), reported().measured_at, NOTICE)
