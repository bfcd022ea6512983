"""300 damaged series, of `make fuzz`'s thousands: none crashes, hangs or takes memory; each has a named outcome."""

from tests.support.dicom_fuzz import MUTATIONS, DicomFuzz

SEED = 20261128


def test_whatever_is_damaged_has_a_named_outcome(tmp_path):
    """Given damage of every kind, by folder and by DICOMweb, then no claim breaks, and the damage is noticed."""
    fuzz = DicomFuzz(tmp_path, SEED)
    fuzz.run(300)
    kinds = {kind for kind, _ in fuzz.outcomes}
    refused = sum(count for (_, outcome), count in fuzz.outcomes.items() if outcome != "a volume")

    assert kinds == {each.__name__ for each in MUTATIONS}
    assert refused > 200
    assert not any(kind == "bombs" and outcome == "a volume" for kind, outcome in fuzz.outcomes)
