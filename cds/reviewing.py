"""A named reader accepts or rejects a result: the one way from preliminary to final.

accepted   rendered anew as final, with the reader as performer and interpreter
rejected   rendered anew as entered-in-error, with the reason; withdrawn, and shown nowhere any more
the same   said again by the same reader: nothing changes
"""

from dataclasses import dataclass, replace

from cds.errors import ResultUnknown, ReviewOvertaken
from cds.ports import AssessmentStore, AuditLog, Clock, Decision, ResultPublisher, Review, Reviews, StoredResult
from cds.reader import Reader


@dataclass(frozen=True, slots=True)
class Reviewing:
    """Whoever reads, on the command line or elsewhere, comes through here."""

    store: AssessmentStore
    reviews: Reviews
    publisher: ResultPublisher
    audit: AuditLog
    clock: Clock

    def review(
        self,
        result_id: str,
        reader: Reader,
        decision: Decision,
        reason: str | None = None,
        *,
        only_unread: bool = False,
    ) -> StoredResult:
        """The result as it stands afterwards; raises `ResultUnknown` and `ReviewOvertaken`.

        `only_unread`: what another reader has said stands.
        """
        result = self.store.read(result_id)
        if result is None:
            raise ResultUnknown(f"there is no result {result_id}, or it was withdrawn")
        before = result.review
        if before is not None and (before.reader, before.decision) == (reader.identity, decision):
            return result
        if before is not None and only_unread:
            raise ReviewOvertaken(f"result {result_id} was reviewed before: look at it again")
        number = 1 if before is None else before.number + 1
        review = Review(reader.identity, decision, self.clock.now(), number, reason, reader_name=reader.name)
        read = replace(result, review=review)
        if not self.reviews.keep(result_id, review, self.publisher.render(read)):
            raise ReviewOvertaken(f"result {result_id} was reviewed or withdrawn at the same moment: look at it again")
        self.audit.record("result-reviewed", result.patient.key, decision, result_id, caller=reader.identity)
        return read
