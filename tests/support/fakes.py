"""Hand-written fakes at the ports of the web side; each keeps what happened in plain lists."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cds.ct.patient import PatientKey
from cds.mode import Mode
from cds.order import ImagingOrder
from cds.ports import (
    AssessmentStore,
    AuditRow,
    CardFeedback,
    ChartAccess,
    ChartUnreadable,
    FeedbackCount,
    FhirPages,
    LinkRefused,
    NothingFound,
    OptOuts,
    Recalled,
    Remembered,
    ShownCard,
    StoredResult,
    Telling,
)
from cds.retraction import Retraction
from cds.screening import Answer, OptedOut, Pending
from tests.support.clock import SettableClock

SOON = timedelta(hours=1)


@dataclass
class FakeOptOuts:
    """A set of patients."""

    patients: set[PatientKey] = field(default_factory=set)

    def has_opted_out(self, patient: PatientKey) -> bool:
        """Whether the set has them."""
        return patient in self.patients


@dataclass
class FakePatientMemory:
    """What the two say one after the other."""

    opt_outs: OptOuts
    store: AssessmentStore

    def of(self, patient: PatientKey) -> Remembered:
        """Both answers."""
        return Remembered(self.opt_outs.has_opted_out(patient), self.store.latest(patient))


@dataclass
class FakeAnswering:
    """Gives the answers in turn, the last one for ever; counts how often it was asked about whom it may be asked."""

    answers: list[Answer]
    orders: list[ImagingOrder] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    opt_outs: FakeOptOuts = field(default_factory=FakeOptOuts)
    looks: list[ImagingOrder] = field(default_factory=list)
    """Orders to ask the archive, whatever is known."""

    def look_again(self, order: ImagingOrder) -> None:
        """Notes it."""
        self.looks.append(order)

    def answer(self, order: ImagingOrder) -> Answer:
        """The next answer."""
        if self.opt_outs.has_opted_out(order.patient.key):
            return OptedOut()
        self.orders.append(order)
        self.threads.add(threading.get_ident())
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@dataclass
class FakeMeasurement:
    """Pending until it is told that the measurement has ended."""

    pending: Pending
    ended: Answer | None = None
    asked: int = 0

    def answer(self, order: ImagingOrder) -> Answer:
        """Pending, then what came out."""
        del order
        self.asked += 1
        return self.ended or self.pending


@dataclass
class BrokenAnswering:
    """Raises what a test wants to see at the border."""

    fault: Exception

    def answer(self, order: ImagingOrder) -> Answer:
        """Raise."""
        del order
        raise self.fault


@dataclass
class FakeStore:
    """Results by id, in memory; a withdrawn one is not read."""

    results: dict[str, StoredResult] = field(default_factory=dict)

    def put(self, result: StoredResult) -> StoredResult:
        """Keep a result."""
        self.results[result.result_id] = result
        return result

    def latest(self, patient: PatientKey) -> StoredResult | NothingFound | None:
        """Any result of the patient."""
        return next((each for each in self.results.values() if each.patient.key == patient), None)

    def read(self, result_id: str) -> StoredResult | None:
        """One result."""
        return self.results.get(result_id)

    def bundle(self, result_id: str) -> bytes | None:
        """No rendering."""
        del result_id
        return None

    def knows(self, patient: PatientKey, series_uid: str, generation: str) -> str | None:
        """Not asked by the web side."""
        raise NotImplementedError

    def keep(self, result: StoredResult, bundle: bytes, note: AuditRow | None = None) -> None:
        """Keep a result."""
        del bundle, note
        self.put(result)

    def keep_nothing_found(self, patient: PatientKey, looked_at: datetime, reasons: Sequence[str]) -> None:
        """Not asked by the web side."""
        raise NotImplementedError

    def confirm(self, result_id: str, at: datetime) -> None:
        """Not asked by the web side."""
        raise NotImplementedError

    def looked(self, patient: PatientKey, at: datetime, *, held: Collection[str], usable: Collection[str]) -> None:
        """Not asked by the web side."""
        raise NotImplementedError

    def withdraw(self, result_id: str, why: str, note: AuditRow | None = None) -> None:
        """Stop showing it."""
        del why, note
        self.results.pop(result_id, None)


@dataclass
class FakeAudit:
    """Rows as tuples (event, patient, outcome, detail)."""

    rows: list[tuple[str, PatientKey | None, str, str]] = field(default_factory=list)
    callers: list[str | None] = field(default_factory=list)

    def record(
        self, event: str, patient: PatientKey | None, outcome: str, detail: str = "", *, caller: str | None = None
    ) -> None:
        """Add one row."""
        self.callers.append(caller)
        self.rows.append((event, patient, outcome, detail))

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        """Event and outcome of each row."""
        return [(event, outcome) for event, _, outcome, _ in self.rows]


@dataclass
class FakeShownCards:
    """Remembers in memory."""

    shown: dict[tuple[str, str | None, str], tuple[datetime, str]] = field(default_factory=dict)
    notes: list[ShownCard] = field(default_factory=list)
    clock: SettableClock = field(default_factory=SettableClock)

    def last_shown(self, card: ShownCard) -> datetime | None:
        """When it was noted, in another call."""
        at, call = self.shown.get((card.result_id, card.user, card.finding), (None, ""))
        return None if card.call and call == card.call else at

    def told_otherwise(self, card: ShownCard) -> datetime | None:
        """When something else was noted last about the result."""
        last = next(
            (each for each in reversed(self.notes) if (each.result_id, each.user) == (card.result_id, card.user)), None
        )
        return None if last is None or last.finding == card.finding else self.clock.now()

    def note(self, card: ShownCard) -> None:
        """Keep it."""
        self.notes.append(card)
        self.shown[card.result_id, card.user, card.finding] = (self.clock.now(), card.call)


@dataclass
class FakeFeedbackLog:
    """Keeps feedback in memory, each item once."""

    kept: dict[tuple[str, str, datetime], tuple[str, str, CardFeedback]] = field(default_factory=dict)

    def keep(self, service: str, client: str, items: Sequence[CardFeedback]) -> None:
        """Keep what is new."""
        for item in items:
            self.kept.setdefault((item.card_id, item.outcome, item.at), (service, client, item))

    def last_overridden(self, card_id: str, client: str) -> datetime | None:
        """The latest of this card, from this client."""
        times = (
            at
            for (card, outcome, at), (_, sender, _) in self.kept.items()
            if (card, outcome, sender) == (card_id, "overridden", client)
        )
        return max(times, default=None)

    def counts(self) -> Sequence[FeedbackCount]:
        """Not asked by the web side."""
        raise NotImplementedError


@dataclass
class FakeServiceModes:
    """One mode for all, but for those that a test sets."""

    default: Mode = "live"
    chosen: dict[str, Mode] = field(default_factory=dict)

    def mode_of(self, service: str) -> Mode:
        """As set."""
        return self.chosen.get(service, self.default)

    def known_mode_of(self, service: str) -> Mode | None:
        """Not lately."""
        del service


@dataclass
class FakeRetractionNotices:
    """Retractions of patients, and the users who saw a card of one; told in another call counts as told."""

    retracted: list[tuple[PatientKey, Retraction]] = field(default_factory=list)
    seen: set[tuple[str, str | None]] = field(default_factory=set)
    told: dict[tuple[str, str | None], str] = field(default_factory=dict)

    def of(self, result_id: str) -> Retraction | None:
        """By result."""
        return next((each for _, each in self.retracted if each.result_id == result_id), None)

    def due(self, patient: PatientKey, user: str | None, call: str) -> Sequence[Retraction]:
        """Seen, and not told in another call."""
        return [
            each
            for whose, each in self.retracted
            if whose == patient
            and (each.result_id, user) in self.seen
            and self.told.get((each.result_id, user), call) == call
        ]

    def note(self, retraction: Retraction, user: str | None, call: str) -> None:
        """Keep it."""
        self.told[retraction.result_id, user] = call


@dataclass
class FakeCardMemory:
    """Recalls from the other fakes."""

    shown: FakeShownCards
    feedback: FakeFeedbackLog

    def recall(self, card: ShownCard, client: str) -> Recalled:
        """What they kept."""
        overridden_at = self.feedback.last_overridden(card.card_id, client)
        return Recalled(self.shown.last_shown(card), overridden_at, self.shown.told_otherwise(card))


@dataclass
class FakeCallLog:
    """Writes to the other fakes."""

    audit: FakeAudit
    shown: FakeShownCards
    retractions: FakeRetractionNotices

    def record_call(self, row: AuditRow, telling: Telling) -> None:
        """The row, then what was told."""
        self.audit.record(row.event, row.patient, row.outcome, row.detail, caller=row.caller)
        if telling.shown is not None:
            self.shown.note(telling.shown)
        for each in telling.retracted:
            self.retractions.note(each, telling.user, telling.call)


@dataclass
class FakeLinks:
    """Links that are readable in an assertion."""

    base_url: str = "https://cds.example.org"

    def url_for(self, result: StoredResult, now: datetime) -> str:
        """A link."""
        del now
        return f"{self.base_url}/reports/link-to-{result.result_id}"

    def open(self, token: str, now: datetime) -> str:
        """Undo `url_for`; the token "expired" has expired."""
        del now
        if not token.startswith("link-to-"):
            raise LinkRefused(expired=token == "expired")
        return token.removeprefix("link-to-")


EMPTY_BUNDLE: Mapping[str, object] = {"resourceType": "Bundle", "type": "searchset", "total": 0}


@dataclass
class FakeChart:
    """A FHIR server with some patients and the answers of some searches; it has nothing else."""

    patients: dict[str, Mapping[str, object]] = field(default_factory=dict)
    answers: dict[str, object] = field(default_factory=dict)
    """By the beginning of the query: one page, several as a tuple, or `ChartUnreadable`."""
    reads: list[tuple[ChartAccess, str]] = field(default_factory=list)

    async def fetch(self, access: ChartAccess, queries: Mapping[str, str]) -> Mapping[str, FhirPages | ChartUnreadable]:
        """One answer for each query."""
        self.reads += [(access, query) for query in queries.values()]
        return {key: self._answer(query) for key, query in queries.items()}

    def _answer(self, query: str) -> FhirPages | ChartUnreadable:
        if query.startswith("Patient/"):
            patient = self.patients.get(query.removeprefix("Patient/"))
            return ChartUnreadable("fhirServer answered 404") if patient is None else (patient,)
        found = next((answer for begins, answer in self.answers.items() if query.startswith(begins)), EMPTY_BUNDLE)
        return found if isinstance(found, tuple | ChartUnreadable) else (found,)


@dataclass
class FakeReadiness:
    """Says what it was told to say."""

    sentences: Sequence[str] = ()
    hook: Callable[[], None] | None = None

    def problems(self) -> Sequence[str]:
        """The sentences."""
        if self.hook is not None:
            self.hook()
        return self.sentences


@dataclass
class FakeReplayCache:
    """Remembers for ever."""

    used: set[tuple[str, str]] = field(default_factory=set)
    until: list[datetime] = field(default_factory=list)

    def first_use(self, issuer: str, token_id: str, expires_at: datetime) -> bool:
        """Whether it is new."""
        first = (issuer, token_id) not in self.used
        self.used.add((issuer, token_id))
        self.until.append(expires_at)
        return first
