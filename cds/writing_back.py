"""Results go to the charts of EHRs, and follow what becomes of them here.

published                       -> offered to each EHR, in live mode alone
waiting, shown                  -> created by its identifiers; what exists is brought up to date
... reviewed since              -> updated: final
... measured again, other value -> updated: corrected
waiting, withdrawn              -> entered in error with its reason, in every mode: a wrong value must not stay
the patient has opted out       -> not written any more; what is wrong is still taken back
not clear who the patient is    -> kept and not written; asked again each day
the EHR is away or busy         -> tried again later, longer and longer; given up after weeks
the EHR refuses it              -> given up, and listed for an operator

A result that is re-measured by another generation is another result: it is written beside the one
before, which it names as replaced.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from cds.bone.assessment import Assessment
from cds.ehr import Delivery, DeliveryState, EhrRefused, EhrUnavailable, PatientUnresolved, Written
from cds.ports import AuditLog, Clock, DueDelivery, Ehr, OptOuts, Outbox, StoredResult

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
LONGEST_ASKED_WAIT = timedelta(days=1)
"""An EHR that asks for more is asked again after a day."""
ATTEMPTS = 500
"""With `LONGEST_WAIT` between them, about three weeks."""
ASK_AGAIN_FOR_PATIENT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class EhrTarget:
    """One EHR, and which results it gets."""

    ehr: Ehr
    tenant: str
    not_assessable_too: bool = False
    """Results without a value as well."""

    def wants(self, result: StoredResult) -> bool:
        """Whether it is to be told of the result."""
        assessed = result.assessment.status == "assessed" or self.not_assessable_too
        return assessed and result.patient.key.tenant == self.tenant


@dataclass(frozen=True, slots=True)
class WritingBack:
    """Implements `ResultRecipient`; `deliver` is run regularly by every worker."""

    targets: Mapping[str, EhrTarget]
    """By name."""
    outbox: Outbox
    opt_outs: OptOuts
    audit: AuditLog
    clock: Clock
    is_live: Callable[[], bool]
    """Whether results may be shown now: in shadow and off none is written."""

    def published(self, result: StoredResult) -> None:
        """Offer it to the EHRs that want it."""
        if not self.is_live() or self.opt_outs.has_opted_out(result.patient.key):
            return
        for name, target in self.targets.items():
            if target.wants(result):
                self.outbox.offer(name, result.result_id)

    def deliver(self) -> None:
        """Whatever is due, one after the other; an EHR that is away stops its own deliveries alone."""
        if not self.targets:
            return
        self.outbox.reopen_changed()
        live = self.is_live()
        for name, target in self.targets.items():
            while (due := self.outbox.claim(name, only_withdrawn=not live)) is not None:
                if not self._delivered(target.ehr, due):
                    break

    def _delivered(self, ehr: Ehr, due: DueDelivery) -> bool:
        """One delivery, however it ends; False where the EHR should be left alone for a while."""
        try:
            settled = self._worked_off(ehr, due)
        except EhrUnavailable as fault:
            settled = self._postponed(due.delivery, fault)
            self._settle(due, settled)
            if fault.concerns_all:
                self.outbox.hold(due.delivery.ehr, settled.next_at)
            return not fault.concerns_all
        except PatientUnresolved as fault:
            later = self.clock.now() + ASK_AGAIN_FOR_PATIENT
            settled = replace(due.delivery, state="unresolved", why=str(fault), next_at=later)
        except EhrRefused as fault:
            settled = replace(due.delivery, state="given-up", why=str(fault))
        self._settle(due, settled)
        return True

    def _worked_off(self, ehr: Ehr, due: DueDelivery) -> Delivery:
        delivery, outgoing = due.delivery, due.outgoing
        if due.withdrawn_why is not None:
            if not delivery.remote and delivery.attempts == 0:
                return replace(delivery, state="not-needed", why="withdrawn before it was written")
            return _settled(delivery, "taken-back", ehr.take_back(outgoing, delivery.remote, due.withdrawn_why))
        if self.opt_outs.has_opted_out(outgoing.result.patient.key):
            return replace(delivery, state="not-needed", why="the patient has opted out")
        told = digest_of(outgoing.result.assessment)
        corrected = delivery.told is not None and delivery.told != told
        if not delivery.remote:
            written = ehr.write(outgoing)
            if not written.existed:
                return replace(_settled(delivery, "written", written), told=told)
            delivery = replace(delivery, remote=written.remote)
        amended = ehr.amend(outgoing, delivery.remote, corrected=corrected)
        return replace(_settled(delivery, "written", amended), told=told)

    def _postponed(self, delivery: Delivery, fault: EhrUnavailable) -> Delivery:
        asked = fault.wait is not None  # an EHR that says when to come is not failing
        attempts = delivery.attempts if asked and delivery.attempts else delivery.attempts + 1
        if attempts >= ATTEMPTS:
            return replace(delivery, state="given-up", attempts=attempts, why=str(fault))
        wait = min(fault.wait, LONGEST_ASKED_WAIT) if fault.wait is not None else backoff(attempts)
        next_at = self.clock.now() + wait
        return replace(delivery, state="waiting", attempts=attempts, why=str(fault), next_at=next_at)

    def _settle(self, due: DueDelivery, settled: Delivery) -> None:
        self.outbox.settle(due, settled)
        whose, detail = due.outgoing.result.patient.key, f"{settled.ehr} {settled.result_id} {settled.why}".strip()
        self.audit.record("write-back", whose, settled.state, detail)


def _settled(delivery: Delivery, state: DeliveryState, written: Written) -> Delivery:
    return replace(delivery, state=state, remote=written.remote, why="", attempts=0)


def backoff(attempts: int) -> timedelta:
    """After the first failure `FIRST_WAIT`, then twice as long each time, up to `LONGEST_WAIT`."""
    return min(FIRST_WAIT * (1 << min(max(attempts - 1, 0), 16)), LONGEST_WAIT)


def digest_of(assessment: Assessment) -> str:
    """Of everything a chart shows as the result: two results with the same digest say the same."""
    interval = assessment.ci95_mg_cm3 or ()
    value = assessment.vbmd_mg_cm3
    told = [
        assessment.status,
        assessment.category or "",
        assessment.interval_kind or "",
        *("" if each is None else f"{each:.1f}" for each in (value, *interval)),
        *(level.value for level in assessment.levels_used),
        *(f"{loss.level.value} {loss.percent:.1f}" for loss in assessment.height_losses),
        *(reason.code for reason in assessment.reasons),
    ]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
