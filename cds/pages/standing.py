"""Whether a stored result may be shown now.

the patient has opted out                        -> opted out
confirmed lately                                 -> shown
not confirmed lately, and a look says it stands  -> shown
... and the look is queued or cannot be had      -> being checked; the page says so
... and something else is true now               -> gone

By the same rule other CTs of the patient stand beside it: one that was not confirmed lately is being checked, no trend
rests on it, and a look is queued, which asks about all of them at once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from cds.clocks import lately
from cds.order import ImagingOrder
from cds.ports import History, OptOuts, PatientHistory, StoredResult
from cds.screening import Answer, Known, Pending, Unavailable

Standing = Literal["shown", "being-checked", "gone", "opted-out"]


class Answers(Protocol):
    """The fast path of screening; it has results confirmed again that were not confirmed lately."""

    def answer(self, order: ImagingOrder) -> Answer:
        """What is known about the patient now."""

    def look_again(self, order: ImagingOrder) -> None:
        """Have the archive asked about all CTs of the patient."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Keeps the rules that the patient agrees, and that study and patient were confirmed lately."""

    answering: Answers
    opt_outs: OptOuts
    confirm_every: timedelta

    def others(self, history: PatientHistory, result: StoredResult, now: datetime) -> History:
        """The patient's other CTs; the archive is asked about those that it was not asked about lately."""
        found = history.of(result.patient.key, now, self.confirm_every)
        if found.being_checked:
            self.answering.look_again(ImagingOrder(result.patient, now, "report-page"))
        return found

    def standing(self, result: StoredResult, now: datetime) -> Standing:
        """Which row of the table above holds."""
        if self.opt_outs.has_opted_out(result.patient.key):
            return "opted-out"
        if lately(result.confirmed_at, now, self.confirm_every):
            return "shown"
        match self.answering.answer(ImagingOrder(result.patient, now, "report-page")):
            case Known(known) if known.result_id == result.result_id:
                return "shown"
            case Pending() | Unavailable():
                return "being-checked"
            case _:
                return "gone"
