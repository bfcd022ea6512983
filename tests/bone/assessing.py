"""A simulated patient, assessed with the usual circumstances."""

from datetime import date

from cds.bone.assess import measure_volume
from cds.bone.assessment import Software
from cds.ct.patient import ArchivedPatient
from cds.inference.calibrator import PhysicsCalibrator
from tests.bone.phantom import Trunk, a_series

TODAY = date(2026, 3, 1)


SOFTWARE = Software("0.1.0", "test", "0" * 64)


CALIBRATOR = PhysicsCalibrator()


OLDER = ArchivedPatient("PAT-1", birth_date=date(1950, 1, 1), sex="female")


SERIES = a_series(patient=OLDER, study_date=date(2026, 1, 30), slice_thickness_mm=3.0)


COARSE = Trunk(spacing_mm=(3.0, 2.0, 2.0), noise_hu=8.0, series=SERIES)


VOLUME, SPINE = COARSE.volume(), COARSE.spine()


def measure(volume=VOLUME, spine=SPINE, **facts):
    """Measure with the usual circumstances."""
    usual = {"patient_check": "matched", "today": TODAY, "software": SOFTWARE, "timing_s": {"read": 0.5}}
    return measure_volume(volume, spine, CALIBRATOR, **(usual | facts))


def assess(volume=VOLUME, spine=SPINE, **facts):
    """What came out of it."""
    return measure(volume, spine, **facts).assessment


def of(trunk, **facts):
    """Assess a simulated patient."""
    return assess(trunk.volume(), trunk.spine(), **facts)


def codes(assessment):
    """The codes of its reasons."""
    return [reason.code for reason in assessment.reasons]


PLAIN = assess()
