"""What readers need: a way in, a session, and whoever does what they decide."""

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from cds.bone.corrected_column import Change
from cds.pages.language import Language
from cds.ports import AssessmentStore, AuditLog, Clock, Decision, ReaderLaunch, ReadingSessions, StoredResult
from cds.reader import Reader
from cds.retraction import RetractionKind


class Decisions(Protocol):
    """What readers may do with a result."""

    def review(self, result_id: str, reader: Reader, decision: Decision, reason: str | None = None) -> StoredResult:
        """Accept or reject; raises `ResultUnknown` or `ReviewOvertaken` where the result has changed."""

    def correct(self, result_id: str, reader: Reader, change: Change, reason: str) -> StoredResult:
        """Leave levels out or rename them; raises `CorrectionImpossible`, or as `review` does."""

    def retract(self, result: StoredResult, kind: RetractionKind, reason: str, by: Reader) -> None:
        """Take it back everywhere."""


@dataclass(frozen=True, slots=True)
class Site:
    """This service, as browsers find it."""

    base_url: str

    @property
    def origin(self) -> str:
        """As browsers send it: without a path."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def is_secure(self) -> bool:
        """Whether cookies may be kept to https."""
        return self.base_url.startswith("https:")

    def path(self, *steps: str) -> str:
        """An absolute path; a service may live below the root of its host."""
        return "/".join([urlsplit(self.base_url).path.rstrip("/"), *steps])

    def reading(self, place: str, language: Language) -> str:
        """Address of a session's page; nothing about reader, result or patient is in it."""
        return f"{self.path('reading', place)}?lang={language}"


@dataclass(frozen=True, slots=True)
class ReadingPorts:
    """What readers need."""

    launch: ReaderLaunch
    sessions: ReadingSessions
    decisions: Decisions
    store: AssessmentStore
    audit: AuditLog
    clock: Clock
    site: Site
