"""What a review does to a rendering: the status, and the one person who may be named.

no review   preliminary
accepted    final
rejected    entered-in-error: it stays on record with its reason, and is shown nowhere
"""

from cds.ports import Review
from cds.reporting.codes import Json

_STATUS = {"accepted": "final", "rejected": "entered-in-error"}


def status_of(review: Review | None) -> str:
    """Of Observation and DiagnosticReport; both value sets have these three."""
    return "preliminary" if review is None else _STATUS[review.decision]


def reader(element: str, review: Review | None) -> Json:
    """`element` with whoever accepted the result; nobody answers for what was rejected or never read."""
    if review is None or review.decision != "accepted":
        return {}
    return {element: [named(review.reader)]}


def named(reader: str) -> Json:
    """A person by name: whoever receives this knows them better than we do."""
    return {"type": "Practitioner", "display": reader}
