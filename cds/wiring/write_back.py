"""The way of results into charts, as the EHR file says; without one, into none."""

import httpx
from sqlalchemy import Engine

from cds.fhir_client.backend_token import BackendToken
from cds.fhir_client.ehr import HttpEhr
from cds.fhir_client.ehr_file import RegisteredEhr, read_ehrs
from cds.fhir_client.ehr_session import EhrSession
from cds.hooks.discovery import SERVICES
from cds.ports import Clock
from cds.settings import Settings
from cds.storage.audit_log import SqlAuditLog
from cds.storage.opt_outs import SqlOptOuts
from cds.storage.outbox import SqlOutbox
from cds.storage.service_modes import SqlServiceModes
from cds.writing_back import EhrTarget, WritingBack


def writing_back(settings: Settings, engine: Engine, clock: Clock, client: httpx.Client) -> WritingBack:
    """Raises `SettingsInvalid`; contacts nobody yet. In shadow and off, of every service, nothing is written."""
    modes = SqlServiceModes(engine, clock, settings.mode)
    return WritingBack(
        targets={each.name: _target(each, client, clock) for each in read_ehrs(settings)},
        outbox=SqlOutbox(engine, clock),
        opt_outs=SqlOptOuts(engine, clock),
        audit=SqlAuditLog(engine, clock),
        clock=clock,
        is_live=lambda: any(modes.mode_of(service) == "live" for service in SERVICES),
    )


def _target(ehr: RegisteredEhr, client: httpx.Client, clock: Clock) -> EhrTarget:
    session = EhrSession(ehr.base_url, client, BackendToken(ehr, client))
    return EhrTarget(HttpEhr(ehr, session, clock), ehr.tenant, ehr.not_assessable)
