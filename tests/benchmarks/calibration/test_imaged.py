"""Eight simulated CT through the whole pipeline, in coarse pixels: what the benchmark does with 531 fine ones."""

import json

import numpy as np
import pytest
import torch

from cds.inference.segmenter import NetworkSegmenter
from models.vertebra_segmentation.weights import SHIPPED
from tests.benchmarks.calibration import imaged
from tests.benchmarks.calibration.__main__ import enriched_share
from tests.benchmarks.calibration.imaged_case import as_line, from_line, measure_key
from tests.benchmarks.calibration.methods import THIS
from tests.benchmarks.case_lines import append_line
from tests.benchmarks.segmentation.weights_under_test import weights_in

CASES = 8
PIXEL_MM = 2.0


@pytest.fixture(scope="module")
def measured():
    """Six patients at natural prevalence and two below 80, on documented scanners."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    segmenter = NetworkSegmenter.load(SHIPPED, device="cpu", threads=1)
    natural = [(key, False) for key in range(6)]
    wanted = natural + [(key, True) for key in imaged.enriched_keys(CASES - len(natural))]
    found = [measure_key(key, "documented", segmenter, enriched=low, pixel_mm=PIXEL_MM) for key, low in wanted]
    torch.set_num_threads(threads)
    return found


@pytest.mark.timeout(1200)
def test_most_are_assessed_near_the_truth(measured):
    """Those refused carry a reason; the others lie within 20 mg/cm3 in the mean square, and their intervals hold."""
    values = [(each.answer, each.case.vbmd_mg_cm3) for each in measured if each.answer is not None]
    off = np.array([answer.vbmd_mg_cm3 - truth for answer, truth in values])
    held = [answer.ci95_mg_cm3[0] <= truth <= answer.ci95_mg_cm3[1] for answer, truth in values]

    assert len(values) >= CASES - 2
    assert all(each.reasons for each in measured if each.answer is None)
    assert np.sqrt((off**2).mean()) < 20
    assert sum(held) >= len(held) - 1


def test_every_method_sees_the_same_readings(measured):
    """Lines and tables of the eight, without another look at the images."""
    answers = imaged.side_by_side(measured)

    assert set(answers) >= {THIS, "slope table alone", "fat + muscle line", "air + blood line", "mass attenuation"}
    assert {len(each) for each in answers.values()} == {CASES}
    assert (answers[THIS].assessed == answers["slope table alone"].assessed).all()


def test_a_case_survives_its_line(measured):
    """What a stopped run left is what it had measured."""
    for each in measured:
        assert from_line(json.loads(json.dumps(as_line(each)))) == each


def test_a_run_goes_on_where_it_stopped(measured, tmp_path, monkeypatch):
    """Kept cases are not made again; others are, and added."""
    weights, plan = weights_in("final"), imaged.Plan(tmp_path, 1, PIXEL_MM)
    file = imaged.line_file(weights.sha256, "documented", plan)
    for each in measured[:2]:
        append_line(file, as_line(each))
    asked = []

    def made(wanted, *_):
        asked.extend(wanted)
        return [each for each in measured if (each.case.key, each.case.enriched) in wanted]

    monkeypatch.setattr(imaged, "_made", made)
    found = imaged.measured_cohort(weights, "documented", 3, 1, plan)

    assert asked == [(2, False), (10_000, True)]
    assert [each.case.key for each in found] == [0, 1, 2, 10_000]
    assert len(file.read_text(encoding="utf-8").splitlines()) == 4


def test_other_weights_are_another_file(tmp_path):
    """Cases of other weights, scanners or pixels are never mixed in."""
    plan = imaged.Plan(tmp_path)
    files = {
        imaged.line_file("a" * 64, "documented", plan),
        imaged.line_file("b" * 64, "documented", plan),
        imaged.line_file("a" * 64, "unknown", plan),
        imaged.line_file("a" * 64, "documented", imaged.Plan(tmp_path, pixel_mm=2.0)),
    }

    assert len(files) == 4


def test_the_whole_cohort_is_421_and_110():
    """And smaller ones keep the shares."""
    assert enriched_share(531) == (421, 110)
    assert enriched_share(5000) == (3964, 1036)
    assert sum(enriched_share(12)) == 12
