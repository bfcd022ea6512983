"""A site that an EHR may launch, and a reader whose decisions are noted."""

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html import unescape

import httpx

from cds.bone.anatomy import VertebralLevel
from cds.correcting import Correcting
from cds.hooks.identity import IdentityRules, identity_of
from cds.pages.reading_ports import ReadingPorts, Site
from cds.ports import Review, Trouble
from cds.screening import NoPrior, Unavailable
from cds.security.authorization_server import EhrDoor
from cds.security.launch_file import LaunchingEhr
from cds.security.sealed import SealedSessions, Sealer
from cds.security.smart_launch import SmartLaunch
from tests.support.assessments import MEASURED_AT, a_result
from tests.support.clock import SettableClock
from tests.support.hook_site import a_site
from tests.support.launching_ehr import CLIENT_ID, ISS, LaunchingEhrServer

L1, L2, L3, T12 = (VertebralLevel(name) for name in ("L1", "L2", "L3", "T12"))
RESULT = a_result()
READER = f"{ISS}/Practitioner/7"
NAME = "Dr. Ada Reader"
ORIGIN = "http://cds.test"
SECRET = b"s" * 32


@dataclass
class FakeDecisions:
    """Notes what readers decide, and does it to the store."""

    store: object
    told: list = field(default_factory=list)
    fault: Exception | None = None

    def review(self, result_id, reader, decision, reason=None):
        """Accept or reject."""
        if self.fault is not None:
            raise self.fault
        self.told.append((decision, result_id, reader.identity, reason))
        result = self.store.read(result_id)
        if decision == "rejected":
            self.store.withdraw(result_id, reason)
        else:
            self.store.put(
                replace(result, review=Review(reader.identity, "accepted", MEASURED_AT, reader_name=reader.name))
            )
        return result

    def correct(self, result_id, reader, change, reason):
        """As the service does, in the store of the test."""
        if self.fault is not None:
            raise self.fault
        self.told.append(("corrected", result_id, reader.identity, reason))
        done = Correcting(self.store, self, self, self, SettableClock()).correct(result_id, reader, change, reason)
        return self.store.put(done)

    def keep(self, _result, _bundle):
        """As `Corrections`."""
        return True

    def render(self, _result):
        """As `ResultPublisher`."""
        return b"{}"

    def record(self, *_row, **_caller):
        """As `AuditLog`."""

    def retract(self, result, kind, reason, by):
        """Take back."""
        self.told.append(("retracted", result.result_id, by.identity, f"{kind}: {reason}"))
        self.store.withdraw(result.result_id, reason)


class Launching:
    """A site that an EHR may launch, and a reader's browser in front of both."""

    def __init__(self):
        self.site = a_site(None)
        self.site.store.put(RESULT)
        self.ehr = LaunchingEhrServer(self.site.clock)
        self.decisions = FakeDecisions(self.site.store)
        rules = IdentityRules.from_settings(self.site.settings)
        self.site.reading = ReadingPorts(
            launch=SmartLaunch(
                ehrs=[LaunchingEhr(name="north", iss=ISS, client_id=CLIENT_ID, client_secret=None, tenant=None)],
                door=EhrDoor(self.ehr.transport()),
                sealer=Sealer(SECRET, "launch"),
                redirect_uri=f"{ORIGIN}/launch/callback",
                identity=lambda patient, _tenant, at: identity_of(patient, rules, at),
            ),
            sessions=SealedSessions(SECRET),
            decisions=self.decisions,
            store=self.site.store,
            audit=self.site.audit,
            clock=self.site.clock,
            site=Site(ORIGIN),
        )
        self.address = "/reading"
        self.browser = httpx.AsyncClient(transport=httpx.ASGITransport(app=self.site.app()), base_url=ORIGIN)

    def no_longer_shown(self, why):
        """Since the page was opened: "opted-out", "being-checked" or "gone"."""
        if why == "opted-out":
            self.site.opt_outs.patients.add(RESULT.patient.key)
            return
        self.site.store.put(replace(RESULT, confirmed_at=RESULT.confirmed_at - timedelta(days=2)))
        away = Unavailable(Trouble("archive", MEASURED_AT))
        self.site.answering.answers[:] = [away if why == "being-checked" else NoPrior(())]

    async def authorized(self, iss=ISS):
        """Through the authorization server: where it sends the browser back to."""
        begun = await self.browser.get("/launch", params={"iss": iss, "launch": "abc"})
        if begun.status_code != 303:
            return begun
        async with httpx.AsyncClient(transport=self.ehr.transport()) as outside:
            return await outside.get(begun.headers["location"])

    async def launched(self):
        """Up to the reading page, or to where it ended."""
        back = await self.authorized()
        if "location" not in back.headers:
            return back
        answer = await self.browser.get(back.headers["location"])
        if answer.status_code != 303:
            return answer
        self.address = answer.headers["location"].partition("?")[0]
        return await self.look()

    async def look(self, language="en"):
        """Again at the page of the last launch."""
        return await self.browser.get(self.address, params={"lang": language})

    async def send(self, page, origin=ORIGIN, **form):
        """One of the page's forms."""
        hidden = dict(re.findall(r'type="hidden" name="(token|seen)" value="([0-9a-f.]+)"', page.text))
        action = re.search(r'<form method="post" action="([^"]+)"', page.text)
        fields = {"token": ""} | hidden | form
        return await self.browser.post(unescape(action[1]), data=fields, headers={"Origin": origin} if origin else {})
