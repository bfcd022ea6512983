"""Real CT for tests: the public sample, and what lies in ../shared where a checkout has it."""

import os
from pathlib import Path

import pytest

from cds.dicomweb.sample import fetch_sample
from cds.errors import SampleUnavailable

SHARED_CT = Path(__file__).resolve().parents[3] / "shared" / "ct"


def the_sample() -> Path:
    """The folder of LIDC-IDRI-0001; skips where it cannot be fetched, fails then under CI=true."""
    try:
        return fetch_sample(lambda _what, _fraction: None)
    except SampleUnavailable as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"the sample CT is needed here: {error}")
        pytest.skip(f"the sample CT cannot be fetched: {error}")


def shared_ct(name: str) -> Path:
    """A folder of ../shared/ct; skips where the checkout has none."""
    folder = SHARED_CT / name
    if not folder.exists():
        pytest.skip(f"../shared/ct/{name} is not beside this checkout")
    return folder
