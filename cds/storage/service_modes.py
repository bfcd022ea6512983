"""Which service is live, in shadow or off; an operator's choice acts on every replica within a second."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from sqlalchemy import Engine, delete, select

from cds.mode import Mode
from cds.ports import Clock
from cds.storage.tables import service_modes
from cds.storage.writing import insert_or_update

FRESH_S = 1.0
"""How long a replica goes by what it read last: no call costs a query, no change waits for a restart."""

_MODES: Mapping[str, Mode] = {mode: mode for mode in get_args(Mode)}


@dataclass(frozen=True, slots=True)
class ChosenMode:
    """What an operator chose for one service, and when."""

    mode: Mode
    since: datetime


class SqlServiceModes:
    """The `ServiceModes` on SQL, and the choices behind it."""

    def __init__(
        self, engine: Engine, clock: Clock, default: Mode, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._default = default
        self._monotonic_s = monotonic_s
        self._last_read: tuple[float, Mapping[str, ChosenMode]] | None = None

    def mode_of(self, service: str) -> Mode:
        """At most `FRESH_S` old; while the database cannot be read, no mode is guessed and the error is told."""
        known = self.known_mode_of(service)
        if known is not None:
            return known
        now_s, chosen = self._monotonic_s(), self.chosen()
        self._last_read = (now_s, chosen)
        return self._mode_in(chosen, service)

    def known_mode_of(self, service: str) -> Mode | None:
        """Touches no database."""
        last = self._last_read
        if last is None or self._monotonic_s() - last[0] >= FRESH_S:
            return None
        return self._mode_in(last[1], service)

    def _mode_in(self, chosen: Mapping[str, ChosenMode], service: str) -> Mode:
        return chosen[service].mode if service in chosen else self._default

    def chosen(self) -> Mapping[str, ChosenMode]:
        """By service; a service that is missing follows the settings."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(service_modes)).all()
        return {row.service: ChosenMode(_MODES[row.mode], row.changed_at) for row in rows}

    def choose(self, services: Collection[str], mode: Mode) -> None:
        """All of them in one transaction."""
        with self._engine.begin() as connection:
            for service in services:
                row = {"service": service, "mode": mode, "changed_at": self._clock.now()}
                insert_or_update(connection, service_modes, row)

    def follow_settings(self, services: Collection[str]) -> None:
        """Forget what was chosen for them."""
        with self._engine.begin() as connection:
            connection.execute(delete(service_modes).where(service_modes.c.service.in_(services)))
