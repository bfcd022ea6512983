"""`osteocds demo` as a process, and `osteocds sample`."""

import json

import pytest

from tests.support.commands import as_process, in_process
from tests.support.real_ct import the_sample

pytestmark = pytest.mark.system


def test_demo_reaches_its_card(tmp_path):
    """The demo shows card, vertebrae and Observations, writes the Bundle and the page, and ends with status 0."""
    the_sample()

    done = as_process("demo", "--out", tmp_path, timeout_s=280)

    assert done.returncode == 0, done.stdout + done.stderr
    for words in ("osteoporosis range", "L1", "mg/cm3", "Observation", "Bundle written to"):
        assert words in done.stdout
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Category: osteoporosis range" in page
    assert page.count('src="data:image/png;base64,') >= 3
    bundle = json.loads((tmp_path / "bundle.json").read_text())
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert {"Observation", "DiagnosticReport", "Device", "Provenance"} <= set(kinds)


def test_sample_ends_with_its_folder():
    """The last line on standard output is the folder; its attribution stands before it."""
    folder = the_sample()

    done = in_process("sample")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(folder)
    assert "CC BY 3.0" in done.stdout
