"""Mirrors cds/durable/heartbeat.py."""

import time

from cds.durable.heartbeat import beating


class FlakyHeartbeats:
    """A database that is away for the first beats, and at the goodbye."""

    def __init__(self):
        self.tried = 0

    def beat(self, worker):
        """Fail twice."""
        self.tried += 1
        if self.tried <= 2:
            raise ConnectionError(worker)

    def leave(self, worker):
        """Fail once more."""
        raise ConnectionError(worker)


def test_a_worker_outlives_whatever_ails_the_database():
    """Beats go on as soon as they can be written; nothing escapes into the work."""
    heartbeats = FlakyHeartbeats()
    with beating(heartbeats, "one", every_s=0.01):
        deadline = time.monotonic() + 5
        while heartbeats.tried < 4 and time.monotonic() < deadline:
            time.sleep(0.01)

    assert heartbeats.tried >= 4
