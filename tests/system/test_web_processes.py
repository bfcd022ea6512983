"""`osteocds serve` with several web processes on one port."""

import os
import signal
import time
from pathlib import Path

import httpx
import pytest

from cds.cli.demo import sample_settings
from cds.cli.service_process import running_service
from tests.support.alive import wait_until_alive

pytestmark = pytest.mark.system


def answers(base_url):
    """Whether somebody listens there."""
    try:
        return httpx.get(f"{base_url}/healthz", trust_env=False).is_success
    except httpx.TransportError:
        return False


def children_of(pid):
    """Processes that one started, but for those that only track resources."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in listed if b"resource_tracker" not in Path(f"/proc/{each}/cmdline").read_bytes()]


def await_that(holds, within_s=30.0):
    """Whether it comes true in time."""
    give_up_at = time.monotonic() + within_s
    while not holds() and time.monotonic() < give_up_at:
        time.sleep(0.1)
    return holds()


@pytest.fixture
def several(tmp_path):
    """Two web processes and no worker."""
    (tmp_path / "archive").mkdir()
    settings = sample_settings(tmp_path / "archive") | {"WEB_PROCESSES": "2", "WORKERS": "0"}
    with running_service(tmp_path, settings, wait_ready=False) as service:
        wait_until_alive(service)
        assert await_that(lambda: len(children_of(service.process.pid)) == 2)
        yield service


def test_one_that_dies_is_replaced_and_told_to_stop_all_end_with_status_0(several):
    """Nobody who calls notices that one died, and a second one is there again soon; the end is as with one process."""
    before = children_of(several.process.pid)

    os.kill(before[0], signal.SIGKILL)

    assert answers(several.base_url)
    assert await_that(lambda: len(set(children_of(several.process.pid)) - {before[0]}) == 2)

    several.process.terminate()

    assert several.process.wait(30) == 0
    assert not answers(several.base_url)


def test_they_end_with_the_service_however_it_ends(several):
    """Nothing goes on answering behind the back of whoever killed the service."""
    os.kill(several.process.pid, signal.SIGKILL)
    several.process.wait()

    assert await_that(lambda: not answers(several.base_url))
