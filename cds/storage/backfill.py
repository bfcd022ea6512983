"""Results that were stored before their resources had rows get them now, a few at a time."""

from sqlalchemy import Engine, exists, select

from cds.ports import Clock
from cds.storage.registry_tables import resources
from cds.storage.resources import enter_in_error, put_bundle
from cds.storage.tables import results

_AT_ONCE = 50


def backfill_resources(engine: Engine, clock: Clock) -> int:
    """How many results had none; one that is interrupted goes on at the next start."""
    filled, last = 0, ""
    while batch := _fill_some(engine, clock, last):
        filled, last = filled + len(batch), batch[-1]
    return filled


def _fill_some(engine: Engine, clock: Clock, after: str) -> list[str]:
    """The ids of those that were filled."""
    known = exists().where(resources.c.result_id == results.c.result_id)
    query = select(results).where(~known, results.c.result_id > after).order_by(results.c.result_id).limit(_AT_ONCE)
    with engine.begin() as connection:
        rows = connection.execute(query).all()
        for row in rows:
            whose = {"tenant": row.tenant, "patient_id": row.patient_id, "issuer": row.issuer}
            put_bundle(connection, row.result_id, whose, row.bundle, clock.now())
            if row.withdrawn_at is not None:
                enter_in_error(connection, row.result_id, row.withdrawn_why or "withdrawn", clock.now())
    return [row.result_id for row in rows]
