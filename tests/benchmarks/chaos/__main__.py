"""`make chaos`: orders while everything is killed at random; then the ledger shows that none was lost, none done twice.

A service, two workers on machines of their own, PostgreSQL, and an Orthanc that is left in peace. Each order is one
hook call, repeated until the service has taken it, as an EHR's user would; after that nobody asks again. Workers, the
service and PostgreSQL are killed with SIGKILL; some workers stay away so long that the other has to take over.

Prints the ledger and writes tests/benchmarks/results/chaos.json. Status 1 where the ledger does not hold.
"""

import argparse
import os
import random
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
from rich.console import Console
from rich.table import Table

from cds.cli.demo_order import SERVICE, order_sign_request
from cds.cli.service_process import free_loopback_port
from cds.errors import QueueUnavailable
from tests.benchmarks.chaos.archive import Patient, fill, simulated
from tests.benchmarks.chaos.ledger import Ledger, ledger_of, open_orders
from tests.benchmarks.chaos.victims import Database, Killer, Minder, Program
from tests.benchmarks.provenance import provenance
from tests.benchmarks.results_file import FOLDER, as_text
from tests.support.orthanc import running_orthanc
from tests.support.postgres import PostgresServer, a_server

RESULTS = FOLDER / "chaos.json"
IDENTIFIER_SYSTEM = "https://hospital.example.org/mrn"
DIFFERENT_PATIENTS = 10
ORDERS_WITHIN = 0.7
"""Of the time of killing."""
WEIGHTS = {"worker-1": 3.0, "worker-2": 3.0, "service": 2.0, "postgresql": 1.0}
_NOT_TAKEN = "measurements cannot be queued"
_READY_WITHIN_S = 180.0


@dataclass
class Orders:
    """One call for each patient, until it is taken."""

    base_url: str
    patients: Sequence[Patient]
    within_s: float
    taken: list[str] = field(default_factory=list)
    calls: int = 0

    def send(self) -> None:
        """Evenly over the time; the last ones may come later."""
        begun = time.monotonic()
        with httpx.Client(trust_env=False, timeout=15.0) as client:
            for number, patient in enumerate(self.patients):
                time.sleep(max(0.0, begun + number * self.within_s / len(self.patients) - time.monotonic()))
                while not self._is_taken(client, patient):
                    time.sleep(0.5)
                self.taken.append(patient.patient_id)

    def _is_taken(self, client: httpx.Client, patient: Patient) -> bool:
        self.calls += 1
        try:
            answer = client.post(f"{self.base_url}/cds-services/{SERVICE}", json=_order(patient))
        except httpx.TransportError:
            return False
        return answer.is_success and not any(_NOT_TAKEN in card["summary"] for card in answer.json()["cards"])


def _order(patient: Patient) -> dict[str, Any]:
    request = order_sign_request(f"clinician-{uuid.uuid4()}")
    identifier = {"use": "official", "system": IDENTIFIER_SYSTEM, "value": patient.patient_id}
    request["prefetch"]["patient"] |= {
        "identifier": [identifier],
        "birthDate": patient.birth_date,
        "gender": patient.gender,
    }
    return request


@dataclass(frozen=True)
class Site:
    """The processes under fire, and where they are."""

    base_url: str
    records_url: str
    queue_url: str
    programs: tuple[Program, ...]


def _site(home: Path, archive_url: str, server: PostgresServer) -> Site:
    """Nothing runs yet but the databases."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE records")
        connection.execute("CREATE DATABASE queue")
    records, queue = (server.url.removesuffix("postgres") + name for name in ("records", "queue"))
    port = free_loopback_port()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OSTEOCDS_")}
    settings = {
        "DATABASE_URL": records,
        "QUEUE_DATABASE_URL": queue,
        "ARCHIVE_URL": archive_url,
        "ARCHIVE_SINGLE_ISSUER": "true",
        "IDENTIFIER_SYSTEM": IDENTIFIER_SYSTEM,
        "CLIENT_AUTH": "off",
        "PORT": str(port),
        "WORKERS": "0",
        "THREADS": "1",
        "WAIT_BUDGET_S": "0",
    }

    def program(name: str, command: str) -> Program:
        environment = inherited | {f"OSTEOCDS_{key}": value for key, value in settings.items()}
        environment["OSTEOCDS_DATA_DIR"] = str(home / name)
        return Program(name, [sys.executable, "-m", "cds.cli", command], environment, home / f"{name}.log")

    programs = (program("service", "serve"), program("worker-1", "worker"), program("worker-2", "worker"))
    return Site(f"http://127.0.0.1:{port}", records, queue, programs)


def main(arguments: Sequence[str] = sys.argv[1:]) -> int:
    """Kill, drain, count."""
    wanted = _arguments(arguments)
    server = a_server(durable=True)
    if server is None:
        raise SystemExit("no PostgreSQL: install Debian's package postgresql")
    say = Console(stderr=True).print
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        try:
            return _run(wanted, home, server, say)
        finally:
            server.remove()


def _run(wanted: argparse.Namespace, home: Path, server: PostgresServer, say: Callable[[str], None]) -> int:
    (home / "orthanc").mkdir()
    with running_orthanc(home / "orthanc") as orthanc:
        say("simulating patients and filling the archive ...")
        series = simulated(home / "simulated", min(DIFFERENT_PATIENTS, wanted.orders))
        patients = list(fill(orthanc, series, wanted.orders))
        server.start()
        site = _site(home, orthanc.dicomweb, server)
        minder = Minder([Database(server), *site.programs])
        minder.begin()
        try:
            _await_ready(site)
            record, ledger = _under_fire(wanted, site, minder, patients, say)
        finally:
            minder.end()
            for program in site.programs:
                program.kill()
        if wanted.logs is not None:
            _keep_logs(home, wanted.logs)
    text = as_text(record)
    if wanted.results != "-":
        Path(wanted.results).write_text(text + "\n", encoding="utf-8")
    Console().print(_table(record))
    return 0 if ledger.holds else 1


def _under_fire(
    wanted: argparse.Namespace,
    site: Site,
    minder: Minder,
    patients: Sequence[Patient],
    say: Callable[[str], None],
) -> tuple[dict[str, Any], Ledger]:
    seconds = 60.0 * wanted.minutes
    orders = Orders(site.base_url, patients, ORDERS_WITHIN * seconds)
    sending = threading.Thread(target=orders.send, daemon=True)
    killer = Killer(minder, WEIGHTS, wanted.every, random.Random(wanted.seed))  # noqa: S311 - not a secret
    say(f"{len(patients)} orders within {ORDERS_WITHIN * wanted.minutes:g} min, kills for {wanted.minutes:g} min ...")
    sending.start()
    killer.kill_until(time.monotonic() + seconds)
    minder.away_until.clear()
    say(f"killed {killer.killed.total()} times; draining ...")
    begun = time.monotonic()
    drained = _drained(site, sending, begun + 60.0 * wanted.drain)
    drain_s = time.monotonic() - begun
    ledger = ledger_of(orders.taken, site.records_url, site.queue_url)
    minder.end()
    stop_s = max(program.stop() for program in site.programs[::-1]) if drained else None
    took = {
        "minutes to drain": round(drain_s / 60, 1),
        "seconds from SIGTERM to the end": None if stop_s is None else round(stop_s, 1),
    }
    return _record(wanted, orders, killer, ledger) | took, ledger


def _drained(site: Site, sending: threading.Thread, deadline: float) -> bool:
    """Whether everything was ordered and nothing waits or runs any more."""
    while time.monotonic() < deadline:
        sending.join(1.0)
        with suppress(QueueUnavailable):  # killed a moment ago
            left = [each for each in open_orders(site.queue_url) if each.state != "failed"]
            if not sending.is_alive() and not left:
                return True
    return False


def _await_ready(site: Site) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    with httpx.Client(trust_env=False, timeout=5.0) as client:
        while time.monotonic() < deadline:
            try:
                if client.get(f"{site.base_url}/readyz").is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.2)
    raise SystemExit("the service was not ready in time")


def _record(wanted: argparse.Namespace, orders: Orders, killer: Killer, ledger: Ledger) -> dict[str, Any]:
    command = ["make chaos", f"ORDERS={wanted.orders}", f"CHAOS_MINUTES={wanted.minutes:g}"]
    return {
        "provenance": provenance(command, Path(__file__).parent),
        "orders": ledger.orders,
        "calls until all were taken": orders.calls,
        "minutes of killing": wanted.minutes,
        "killed": dict(sorted(killer.killed.items())),
        "results": ledger.results,
        "lost": list(ledger.without_result),
        "twice": list(ledger.more_than_one),
        "left in the queue": [f"{each.state}: {each.cause}" for each in ledger.open_orders],
        "audit rows said again": ledger.said_twice,
        "ledger holds": ledger.holds,
    }


def _table(record: dict[str, Any]) -> Table:
    table = Table(title="orders under fire", show_header=False)
    for name, value in record.items():
        if name == "provenance":
            continue
        shown = ", ".join(f"{key}: {count}" for key, count in value.items()) if isinstance(value, dict) else value
        table.add_row(name, ", ".join(shown) or "none" if isinstance(shown, list) else str(shown))
    return table


def _keep_logs(home: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for log in home.glob("*.log"):
        (target / log.name).write_bytes(log.read_bytes())


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.chaos", description=__doc__)
    parser.add_argument("--orders", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10.0, help="of killing")
    parser.add_argument("--drain", type=float, default=20.0, help="minutes, at most, until everything is done")
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two kills, on average")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", default=str(RESULTS), help="where the record goes; - for nowhere")
    parser.add_argument("--logs", type=Path, help="a folder that gets the logs of all processes")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
