"""The first call about a CT that nobody has measured yet; `make bench-hooks` measures how many seconds it takes."""

import time

import httpx
import pytest

from cds.cli.demo import sample_settings
from cds.cli.demo_order import SERVICE, order_sign_request
from cds.cli.service_process import running_service
from tests.support.real_ct import the_sample

pytestmark = pytest.mark.system

AT_ONCE_S = 5.0
"""For a busy machine; the benchmark is stricter."""


def ask(service):
    """The cards of one order, and the seconds it took."""
    begun = time.perf_counter()
    url = f"{service.base_url}/cds-services/{SERVICE}"
    answer = httpx.post(url, json=order_sign_request(), timeout=90, trust_env=False)
    return answer.raise_for_status().json()["cards"], time.perf_counter() - begun


def test_with_patience_the_first_call_brings_the_value(tmp_path):
    """The hook waits for the measurement that it starts: one call, one card."""
    with running_service(tmp_path, sample_settings(the_sample()) | {"WAIT_BUDGET_S": "60"}) as service:
        cards, _ = ask(service)

    assert [card["indicator"] for card in cards] == ["info"]
    assert "mg/cm3" in cards[0]["summary"]


def test_by_default_the_answer_comes_at_once_and_a_later_call_brings_the_value(tmp_path):
    """An empty answer first, while the measurement goes on; whoever asks again is told."""
    settings = sample_settings(the_sample())
    del settings["WAIT_BUDGET_S"]
    with running_service(tmp_path, settings) as service:
        first, first_took_s = ask(service)
        give_up_at = time.monotonic() + 90
        later = []
        while not later and time.monotonic() < give_up_at:
            time.sleep(0.5)
            later, _ = ask(service)

    assert first == []
    assert first_took_s < AT_ONCE_S
    assert "mg/cm3" in later[0]["summary"]
