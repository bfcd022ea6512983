"""Who lets readers in, and what they may do; none where no EHR is listed."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from cds.bone.corrected_column import Change
from cds.client import Client
from cds.correcting import Correcting
from cds.ct.patient import PatientIdentity
from cds.errors import OsteocdsError
from cds.hooks.identity import IdentityRules, identity_of
from cds.pages.reading_ports import ReadingPorts, Site
from cds.ports import AssessmentStore, AuditLog, Clock, Decision, StoredResult
from cds.reader import Reader
from cds.reporting.bundle import FhirPublisher
from cds.result_places import place_names
from cds.retracting import Retracting, Verdict
from cds.retraction import Retraction, RetractionKind
from cds.reviewing import Reviewing
from cds.security.authorization_server import EhrDoor
from cds.security.launch_file import read_launching_ehrs
from cds.security.sealed import SealedSessions, Sealer
from cds.security.secret import link_secret
from cds.security.smart_launch import SmartLaunch
from cds.settings import Settings
from cds.storage.corrections import SqlCorrections
from cds.storage.retractions import SqlRetractions
from cds.storage.reviews import SqlReviews

Closing = Callable[[], Awaitable[None]]


class LeftToWorkers(OsteocdsError):
    """A web process reaches no archive and no chart; the next worker tells this place."""


@dataclass(frozen=True, slots=True)
class _ByWorkers:
    """A place that workers tell: they know it by the same name."""

    name: str

    def holds(self, result: StoredResult) -> str | None:
        """Not asked by a web process."""
        del result
        return None

    def take_back(self, result: StoredResult, retraction: Retraction) -> str:
        """Left to a worker."""
        del result, retraction
        raise LeftToWorkers("left to the workers")


@dataclass(frozen=True, slots=True)
class ReaderDecisions:
    """The `Decisions` of the reading page."""

    reviewing: Reviewing
    correcting: Correcting
    retracting: Retracting

    def review(self, result_id: str, reader: Reader, decision: Decision, reason: str | None = None) -> StoredResult:
        """Accept or reject."""
        return self.reviewing.review(result_id, reader, decision, reason)

    def correct(self, result_id: str, reader: Reader, change: Change, reason: str) -> StoredResult:
        """Leave levels out, or rename them."""
        return self.correcting.correct(result_id, reader, change, reason)

    def retract(self, result: StoredResult, kind: RetractionKind, reason: str, by: Reader) -> None:
        """Here at once, elsewhere by workers."""
        self.retracting.retract(result, Verdict(kind, reason, by.identity))


def reading_ports(
    settings: Settings, engine: Engine, store: AssessmentStore, audit: AuditLog, clock: Clock
) -> tuple[ReadingPorts | None, Closing]:
    """And what closes it; raises `SettingsInvalid`."""
    door = EhrDoor()
    if settings.launch_file is None:
        return None, door.aclose
    rules, secret = IdentityRules.from_settings(settings), link_secret(settings)

    def who_is_this(patient: Mapping[str, object], tenant: str | None, at: datetime) -> PatientIdentity:
        return identity_of(patient, rules.of(Client("launch", tenant)) if tenant else rules, at)

    publisher = FhirPublisher(settings.notice, settings.identifier_system)
    places = [_ByWorkers(name) for name in place_names(archive_is_a_server=settings.archive_url is not None)]
    return ReadingPorts(
        launch=SmartLaunch(
            ehrs=read_launching_ehrs(settings.launch_file),
            door=door,
            sealer=Sealer(secret, "launch"),
            redirect_uri=f"{settings.base_url}/launch/callback",
            identity=who_is_this,
        ),
        sessions=SealedSessions(secret),
        decisions=ReaderDecisions(
            Reviewing(store, SqlReviews(engine), publisher, audit, clock),
            Correcting(store, SqlCorrections(engine), publisher, audit, clock),
            Retracting(SqlRetractions(engine), publisher, places, audit, clock),
        ),
        store=store,
        audit=audit,
        clock=clock,
        site=Site(settings.base_url),
    ), door.aclose
