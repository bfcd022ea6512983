"""The benchmark of the registry on a few assessments: it finds what it filled, and counts alike."""

from tests.benchmarks.registry.__main__ import measure


def test_a_small_run_has_every_figure():
    """Each kind of search finds something, and the export writes what the driver reads."""
    figures = measure("sqlite", assessments=300, requests=2, deep=2)

    assert figures["rows"] == 300 * 6 + 1 + (300 - 59)  # Device once, Patient not for the 59 who come again
    assert figures["export"]["observations"] == 900
    assert all(each["resources"] > 0 for each in figures["search"].values())
