"""Who opens a report page, and by what."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from cds.errors import OsteocdsError
from cds.launch import LaunchBegun, Launched, ReadingSession
from cds.ports.results import StoredResult


class ReportLinks(Protocol):
    """Makes and checks links to report pages: signed, expiring, bound to patient and result."""

    def url_for(self, result: StoredResult, now: datetime) -> str:
        """A link that opens this result's page for a while."""

    def open(self, token: str, now: datetime) -> str:
        """The result id that a token opens; raises `LinkRefused`."""


class LinkRefused(OsteocdsError):
    """A report link that opens nothing: it has expired, or this service did not make it."""

    def __init__(self, *, expired: bool) -> None:
        super().__init__("the link has expired" if expired else "the link was not made by this service")
        self.expired = expired


class ReaderLaunch(Protocol):
    """Finds out from an EHR who reads, and whose result; raises `LaunchRefused`."""

    async def begin(self, iss: str, launch: str, now: datetime) -> LaunchBegun:
        """For an EHR that the site has listed."""

    async def finish(self, answer: Mapping[str, str], sealed: str, now: datetime) -> Launched:
        """`answer`: what the EHR's authorization server sent the browser back with."""


class ReadingSessions(Protocol):
    """Seals and opens what a reader's browser keeps."""

    def seal(self, session: ReadingSession) -> str:
        """Opaque, and worth nothing after it has expired."""

    def open(self, sealed: str, place: str, now: datetime) -> ReadingSession:
        """At its own address and nowhere else; raises `LaunchRefused`."""

    def form_token(self, sealed: str) -> str:
        """What a form of this session carries, and no other page can know."""

    def is_form_token(self, given: str, sealed: str) -> bool:
        """Whether the form came from a page of this session; `given` is whatever somebody sent."""
