"""Cards that were shown, and retractions that were told of, in a real database."""

from cds.ports import AuditRow, Telling
from cds.storage.audit_log import SqlAuditLog


def tell(engine, clock, patient, *, shown=None, retracted=(), user=None, call=""):
    """As a hook call does it."""
    row = AuditRow("hook", patient, "known")
    SqlAuditLog(engine, clock).record_call(row, Telling(shown, tuple(retracted), user, call))
