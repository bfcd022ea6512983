"""What a review does to a rendering: the status, and the one person who may be named.

no review   preliminary
accepted    final
rejected    entered-in-error: it stays on record with its reason, and is shown nowhere
"""

from cds.entered_in_error import entered_in_error
from cds.ports import Review
from cds.reporting.codes import Json


def status_of(review: Review | None) -> str:
    """Of Observation and DiagnosticReport, until `withdrawn` has seen them; both value sets have these."""
    return "final" if review is not None and review.decision == "accepted" else "preliminary"


def withdrawn(resource: Json, review: Review | None) -> Json:
    """The same resource; entered in error where a reader has rejected the result, or it was taken back."""
    if review is None or review.decision != "rejected":
        return resource
    return entered_in_error(resource, review.reason or "", review.code)


def reader(element: str, review: Review | None) -> Json:
    """`element` with whoever accepted the result; nobody answers for what was rejected or never read."""
    if review is None or review.decision != "accepted":
        return {}
    return {element: [named(review.reader)]}


def named(reader: str) -> Json:
    """A person by name: whoever receives this knows them better than we do."""
    return {"type": "Practitioner", "display": reader}
