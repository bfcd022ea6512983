"""What a review does to a rendering: the status, and the one person who may be named.

no review   preliminary
accepted    final
corrected   corrected: the value is another one than was told before, and stays so when it is accepted later
rejected    entered-in-error: it stays on record with its reason, and is shown nowhere
"""

from cds.entered_in_error import entered_in_error
from cds.ports import Review, StoredResult
from cds.reporting.codes import Json


def status_of(result: StoredResult) -> str:
    """Of Observation and DiagnosticReport, until `withdrawn` has seen them; both value sets have these."""
    if result.correction is not None:
        return "corrected"
    return "final" if result.review is not None and result.review.decision == "accepted" else "preliminary"


def withdrawn(resource: Json, review: Review | None) -> Json:
    """The same resource; entered in error where a reader has rejected the result, or it was taken back."""
    if review is None or review.decision != "rejected":
        return resource
    return entered_in_error(resource, review.reason or "", review.code)


def reader(element: str, review: Review | None) -> Json:
    """`element` with whoever accepted or corrected it; nobody answers for what was rejected or never read."""
    if review is None or review.decision == "rejected":
        return {}
    return {element: [named(review.reader)]}


def named(reader: str) -> Json:
    """A person by name: whoever receives this knows them better than we do."""
    return {"type": "Practitioner", "display": reader}
