"""A whole web application on fakes, called in process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from cds.app import WebCollaborators, create_app
from cds.security.client_authentication import OpenDoor
from cds.settings import Settings
from tests.support.clock import SettableClock
from tests.support.fakes import (
    FakeAnswering,
    FakeAudit,
    FakeCallLog,
    FakeCardMemory,
    FakeChart,
    FakeFeedbackLog,
    FakeLinks,
    FakeOptOuts,
    FakeReadiness,
    FakeRetractionNotices,
    FakeServiceModes,
    FakeShownCards,
    FakeStore,
)
from tests.support.hook_calls import SYSTEM
from tests.support.pictures import FakeHistory, FakePictures


@dataclass
class Site:
    """The fakes behind one application, and a client in front of it."""

    answering: object
    settings: Settings
    store: FakeStore = field(default_factory=FakeStore)
    links: object = field(default_factory=FakeLinks)
    audit: FakeAudit = field(default_factory=FakeAudit)
    shown: FakeShownCards = field(default_factory=FakeShownCards)
    feedback: FakeFeedbackLog = field(default_factory=FakeFeedbackLog)
    chart: object = field(default_factory=FakeChart)
    authentication: object = field(default_factory=OpenDoor)
    clock: SettableClock = field(default_factory=SettableClock)
    readiness: FakeReadiness = field(default_factory=FakeReadiness)
    opt_outs: FakeOptOuts = field(default_factory=FakeOptOuts)
    retractions: FakeRetractionNotices = field(default_factory=FakeRetractionNotices)
    pictures: FakePictures = field(default_factory=FakePictures)
    history: FakeHistory = field(default_factory=FakeHistory)
    reading: object | None = None
    registry: object | None = None
    metrics: object | None = None
    modes: FakeServiceModes | None = None
    """None: every service is in the mode of the settings."""

    def __post_init__(self):
        """One time, and one list of who has opted out, for all."""
        self.shown.clock = self.clock
        if isinstance(self.answering, FakeAnswering):
            self.answering.opt_outs = self.opt_outs

    @property
    def memory(self):
        """What is recalled of cards."""
        return FakeCardMemory(self.shown, self.feedback)

    @property
    def calls(self):
        """Where calls are recorded."""
        return FakeCallLog(self.audit, self.shown, self.retractions)

    def app(self):
        """The application."""
        return create_app(
            self.settings,
            WebCollaborators(
                answering=self.answering,
                links=self.links,
                store=self.store,
                memory=self.memory,
                feedback=self.feedback,
                chart=self.chart,
                audit=self.audit,
                calls=self.calls,
                authentication=self.authentication,
                clock=self.clock,
                readiness=self.readiness,
                retractions=self.retractions,
                modes=self.modes or FakeServiceModes(self.settings.mode),
                opt_outs=self.opt_outs,
                pictures=self.pictures,
                history=self.history,
                reading=self.reading,
                registry=self.registry,
                metrics=self.metrics,
            ),
        )

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        """A client that calls the application in this process."""
        transport = httpx.ASGITransport(app=self.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://cds.test") as client:
            yield client

    async def order_sign(self, call, **sent):
        """Send one order-sign call."""
        async with self.client() as client:
            return await client.post("/cds-services/osteocds-order-sign", json=call, **sent)


def some_settings(**settings):
    """Settings of a hospital with one archive."""
    usual = {
        "identifier_system": SYSTEM,
        "archive_issuer": "HOSPITAL",
        "archive_folder": "archive",
        "wait_budget_s": 0.2,
        "client_auth": "off",
    }
    return Settings(**(usual | settings))


def a_site(*answers, **settings):
    """A site whose fast path gives these answers in turn."""
    return Site(FakeAnswering(list(answers)), some_settings(**settings))
