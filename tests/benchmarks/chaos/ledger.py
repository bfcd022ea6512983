"""What became of every order, read from the databases afterwards."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from cds.durable.operating import QueueDesk, QueuedOrder
from cds.storage.engine import open_engine
from cds.storage.registry_tables import resources
from cds.storage.tables import audit, results
from cds.wiring.clock import SystemClock


@dataclass(frozen=True, slots=True)
class Ledger:
    """Orders against results."""

    orders: int
    results: int
    without_result: tuple[str, ...]
    more_than_one: tuple[str, ...]
    """Patients with two results, or with a FHIR resource of which there are two versions."""
    open_orders: tuple[QueuedOrder, ...]
    said_twice: int
    """Audit rows "result-published" beyond the first of a result: each is written with its result, or not at all."""

    @property
    def holds(self) -> bool:
        """None lost, none twice, nothing open."""
        wrong = self.without_result or self.more_than_one or self.open_orders or self.said_twice
        return not wrong and self.orders == self.results


def ledger_of(ordered: Sequence[str], records_url: str, queue_url: str) -> Ledger:
    """`ordered`: patient identifiers."""
    engine = open_engine(records_url)
    with engine.connect() as connection:
        found = Counter(connection.execute(select(results.c.patient_id)).scalars())
        again = set(connection.execute(select(resources.c.patient_id).where(resources.c.version > 1)).scalars())
        published = select(func.count(), func.count(audit.c.detail.distinct())).where(
            audit.c.event == "result-published"
        )
        said, of_results = connection.execute(published).one()
    engine.dispose()
    return Ledger(
        orders=len(ordered),
        results=found.total(),
        without_result=tuple(each for each in ordered if each not in found),
        more_than_one=tuple(sorted({each for each, count in found.items() if count > 1} | again)),
        open_orders=tuple(open_orders(queue_url)),
        said_twice=said - of_results,
    )


def open_orders(queue_url: str) -> Sequence[QueuedOrder]:
    """What waits, runs or failed."""
    desk = QueueDesk(queue_url, SystemClock())
    try:
        return desk.orders()
    finally:
        desk.close()
