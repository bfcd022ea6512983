"""What is killed, and whoever starts it again: as systemd, Docker or Kubernetes would."""

import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.support.postgres import PostgresServer

_LOOK_EVERY_S = 0.2
AWAY_S = (0.5, 5.0)
GONE_S = 75.0
"""Longer than it takes until others take over."""
SHARE_GONE = 0.15


class Victim(Protocol):
    """Something that can be killed and started."""

    name: str

    def start(self) -> None:
        """Start it."""

    def kill(self) -> None:
        """With SIGKILL."""

    def is_alive(self) -> bool:
        """Whether it runs."""


@dataclass
class Program:
    """One of our own processes."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Its output goes to its log."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, env=dict(self.environment), stdout=log, stderr=log)

    def kill(self) -> None:
        """And wait until it is gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> float:
        """Ask it to end; how many seconds that took."""
        begun = time.monotonic()
        if self.process is not None and self.is_alive():
            self.process.terminate()
            self.process.wait(60)
        return time.monotonic() - begun


@dataclass
class Database:
    """PostgreSQL."""

    server: PostgresServer
    name: str = "postgresql"

    def start(self) -> None:
        """Wait until it lets clients in."""
        self.server.start()

    def kill(self) -> None:
        """Its first process; the others notice."""
        self.server.kill()

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self.server.pid is not None


@dataclass
class Minder:
    """Starts again what is dead, unless that is to stay away for a while."""

    victims: list[Victim]
    away_until: dict[str, float] = field(default_factory=dict)
    started: Counter[str] = field(default_factory=Counter)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """One thread for all."""
        self._thread = threading.Thread(target=self._mind, daemon=True)

    def begin(self) -> None:
        """Mind them from now on."""
        self._thread.start()

    def end(self) -> None:
        """What is dead stays dead."""
        self._stopping.set()
        self._thread.join()

    def _mind(self) -> None:
        while not self._stopping.wait(_LOOK_EVERY_S):
            for victim in self.victims:
                if not victim.is_alive() and time.monotonic() >= self.away_until.get(victim.name, 0.0):
                    victim.start()
                    self.started[victim.name] += 1
                    # what dies at once, such as a service without its database, is not started in a hurry
                    self.away_until[victim.name] = time.monotonic() + 1.0


@dataclass
class Killer:
    """Kills at random, again under the same seed, though never at the same moment of the work."""

    minder: Minder
    weights: Mapping[str, float]
    every_s: float
    draw: random.Random
    killed: Counter[str] = field(default_factory=Counter)

    def kill_until(self, end: float) -> None:
        """`end`: of the monotonic clock."""
        while (pause := self.draw.expovariate(1 / self.every_s)) + time.monotonic() < end:
            time.sleep(pause)
            name = self.draw.choices(list(self.weights), list(self.weights.values()))[0]
            victim = next(each for each in self.minder.victims if each.name == name)
            if victim.is_alive():
                self._kill(victim)

    def _kill(self, victim: Victim) -> None:
        gone = victim.name.startswith("worker") and self.draw.random() < SHARE_GONE
        self.minder.away_until[victim.name] = time.monotonic() + (GONE_S if gone else self.draw.uniform(*AWAY_S))
        victim.kill()
        self.killed[f"{victim.name}, gone for {GONE_S:g} s" if gone else victim.name] += 1
