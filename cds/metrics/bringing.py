"""Brings what a web process has counted to the database, every few seconds."""

import threading

import structlog

from cds.metrics.tally import Tally

EVERY_S = 5.0


class Bringing:
    """A thread that does it until it is stopped, and once more then."""

    def __init__(self, tally: Tally, every_s: float = EVERY_S) -> None:
        self._tally = tally
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)

    def start(self) -> None:
        """From now on."""
        self._thread.start()

    def close(self) -> None:
        """With what is left."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(self._every_s)

    def _run(self) -> None:
        stopped = False
        while not stopped:
            stopped = self._stop.wait(self._every_s)
            try:
                self._tally.bring()
            except Exception as error:  # noqa: BLE001 - counting goes on whatever ails the database
                structlog.get_logger("osteocds.metrics").warning("metrics not written", kind=type(error).__name__)
