from cds.bone.patient_calibration import PatientCalibrator
from tests.bone.builders import a_calibration, a_sample
from tests.bone.phantom import a_series


class Listening:
    """A calibrator that remembers what it was given."""

    def __init__(self):
        self.asked = []

    def calibrate(self, series, water_equivalent_diameter_cm, *, thoracic, samples=()):
        """Remember, and answer as usual."""
        self.asked.append((series, water_equivalent_diameter_cm, thoracic, samples))
        return a_calibration()


def test_every_level_is_calibrated_with_the_same_samples():
    """Size and region differ from level to level; what the tissues read is the scan's."""
    listening, samples, series = Listening(), (a_sample("fat", -104.0), a_sample("blood", 41.0)), a_series()
    calibrator = PatientCalibrator(listening, samples)

    calibrator.calibrate(series, 26.0, thoracic=False)
    calibrator.calibrate(series, 24.0, thoracic=True)

    assert listening.asked == [(series, 26.0, False, samples), (series, 24.0, True, samples)]
