import io

import pytest
from rich.console import Console

from tests.benchmarks.calibration.draw import draw_cohort
from tests.benchmarks.calibration.methods import THIS, methods_for
from tests.benchmarks.calibration.published import CAPTION
from tests.benchmarks.calibration.record import record_of
from tests.benchmarks.calibration.side_by_side import side_by_side
from tests.benchmarks.calibration.tables import tables_of
from tests.benchmarks.calibration.targets import lines

ORIGIN = {"date": "2026-01-01", "commit": "abc"}


@pytest.fixture(scope="module")
def results():
    """A small cohort for each scanner; two unknown scanners."""
    states = {}
    for state, patients in (("documented", 60), ("unknown", 120)):
        cases = draw_cohort(state, natural=patients, enriched=0)
        states[state] = record_of(cases, side_by_side(cases, methods_for))
    tenth = {"told_from": 0.4, "count": 10, "mean_told": 0.45, "observed": 0.6, "observed_ci95": [0.3, 0.8]}
    reliability = {"patients": 10, "read": 10, "no norm named": [tenth], "a norm that fits": [tenth]}
    return {"without_images": {"provenance": ORIGIN, "states": states, "reliability": reliability}}


def _line(results, what):
    return next(line for line in lines(results) if what in line.what)


def test_what_was_not_measured_is_not_met():
    """No results, no claims."""
    assert lines({})
    assert all(line.met is None for line in lines({}))


def test_a_miss_is_called_a_miss(results):
    """Whatever the cohort, beyond the bound is not met; the interval stands beside it."""
    worse = {"value": 3.5, "ci95": [2.0, 5.0]}
    methods = results["without_images"]["states"]["documented"]["methods"]
    altered = {"without_images": {"states": {"documented": {"methods": {THIS: methods[THIS] | {"bias": worse}}}}}}
    line = _line(altered, "without images, scanner documented: bias, mg/cm3")

    assert line.met is False
    assert line.measured == "3.5 (2 to 5)"


def test_a_tenth_that_is_off_is_a_miss_however_few(results):
    """Ten patients do not excuse it; how many they were is told."""
    line = _line(results, "no norm named")

    assert line.met is False
    assert "10 patients" in line.measured


def test_an_unknown_scanner_is_judged_by_coverage_alone(results):
    """In each scanner of at least twenty patients, and in each voltage and size."""
    told = [line for line in lines(results) if "without images, scanner unknown" in line.what]
    asked = [line for line in told if line.target != "-"]

    assert len(results["without_images"]["states"]["unknown"]["by_scanner"]) == 2
    assert all("coverage" in line.what for line in asked)
    assert len(asked) == 2


def test_documented_patients_are_independent(results):
    """They share no scanner, so that the binomial test holds; patients of an unknown one share it."""
    states = results["without_images"]["states"]

    assert 0 <= states["documented"]["methods"][THIS]["coverage_p"] <= 1
    assert states["documented"]["methods"][THIS]["groups"] == 60
    assert states["unknown"]["methods"][THIS]["groups"] == 2
    assert states["documented"]["by_scanner"] == []


def test_the_table_says_what_it_is_worth(results):
    """Every method, the published row marked as not comparable, and the caption."""
    console = Console(width=240, file=io.StringIO())
    for table in tables_of(results):
        console.print(table)
    text = " ".join(console.file.getvalue().split())

    for method in ("this one", "slope table", "fat + muscle", "air + blood", "mass", "Zhao"):
        assert method in text
    assert "not comparable" in text
    assert "MISSED" in text
    assert "projection tier" in CAPTION
