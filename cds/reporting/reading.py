"""What a review does to a rendering: the status, and the one person who may be named.

no review   preliminary
accepted    final
corrected   corrected: the value is another one than was told before, and stays so when it is accepted later
rejected    entered-in-error: it stays on record with its reason, and is shown nowhere
"""

import re

from cds.entered_in_error import entered_in_error
from cds.ports import Review, StoredResult
from cds.reporting import codes
from cds.reporting.codes import Json

_PRACTITIONER = re.compile(r"https?://\S+/Practitioner/[A-Za-z0-9.-]{1,64}")


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
    return {element: [named(review)]}


def named(review: Review) -> Json:
    """A person by name, and where an EHR said who it is, by their address there as an identifier.

    No literal reference: many servers refuse those to other servers, and whoever loads this is another one.
    The profiles allow a Practitioner here and no PractitionerRole: that one goes by name alone.
    """
    person: Json = {"type": "Practitioner", "display": review.reader_shown}
    if not _PRACTITIONER.fullmatch(review.reader):
        return person
    return {**person, "identifier": {"system": codes.URI, "value": review.reader}}
