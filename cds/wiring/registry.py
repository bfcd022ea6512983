"""The registry API, from the settings and the registries file; none without that file."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from importlib import import_module

import httpx
from sqlalchemy import Engine

from cds.ports import AuditLog, Clock, StoredResult
from cds.registry.acceptance import AcceptanceDesk
from cds.registry.bodies import BodyReader
from cds.registry.cursors import Cursors
from cds.registry.desks import RegistryDesks
from cds.registry.door import RegistryDoor
from cds.registry.export_desk import ExportDesk, ExportRules
from cds.registry.export_files import ExportFiles
from cds.registry.export_runner import ExportRunner
from cds.registry.notifier import Notifier
from cds.registry.pages import SearchPages
from cds.registry.reading import Reading
from cds.registry.subscription_desk import SubscriptionDesk
from cds.registry.token_endpoint import TokenEndpoint
from cds.registry.views import Views
from cds.registry_client import group_name
from cds.resource import ACCEPTED_TYPE
from cds.reviewing import Reviewing
from cds.security.access_tokens import AccessTokens
from cds.security.backend_services import BackendServices, KnownRegistry, TokenTerms
from cds.security.client_keys import OF_FILE, OF_URL, ClientKeys, FixedKeys, RefreshedKeys
from cds.security.key_sources import JwksFile, JwksUrl
from cds.security.registries_file import RegisteredRegistry, Registries, read_registries
from cds.security.secret import link_secret
from cds.settings import Settings
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.exports import SqlExports
from cds.storage.group_members import SqlGroupMembers
from cds.storage.resource_queries import SqlResources
from cds.storage.reviews import SqlReviews
from cds.storage.subscriptions import SqlSubscriptions
from cds.storage.used_tokens import SqlUsedTokens

_NOTIFY_WITHIN_S = 10.0
_PUBLISHER = "cds.reporting.bundle"
Closing = Callable[[], Awaitable[None]]


def registry_desks(
    settings: Settings, engine: Engine, audit: AuditLog, clock: Clock
) -> tuple[RegistryDesks | None, Closing]:
    """Who answers registries, and what closes it; raises `SettingsInvalid`."""
    closing = AsyncExitStack()
    if settings.registries_file is None:
        return None, closing.aclose
    registries = read_registries(settings.registries_file, settings)
    _store_groups(registries, engine)
    secret, base_url = link_secret(settings), f"{settings.base_url}/fhir"
    known = [KnownRegistry(each.client, _keys_of(each, closing)) for each in registries.entries]
    terms = TokenTerms(f"{base_url}/token", settings.registry_token_lifetime_s, settings.client_clock_leeway_s)
    authentication = BackendServices(known, AccessTokens(secret), SqlUsedTokens(engine, clock), clock, terms)
    views = Views(registries.pseudonym_secret, lambda: clock.now().year, registries.shift_days_at_most)
    accepts = any(each.client.may("update", ACCEPTED_TYPE) for each in registries.entries)
    if accepts:
        import_module(_PUBLISHER)
    store, bodies = SqlResources(engine), BodyReader(settings.body_timeout_s)
    exports = _export_desk(settings, engine, views, audit, clock)
    subscriptions = _subscription_desk(registries, engine, views, audit, clock, base_url)
    closing.callback(exports.runner.close)
    closing.callback(subscriptions.notifier.close)
    return RegistryDesks(
        base_url=base_url,
        door=RegistryDoor(authentication, views),
        token=TokenEndpoint(authentication, audit, bodies),
        reading=Reading(store),
        acceptance=AcceptanceDesk(store, _reviewing(settings, engine, audit, clock), audit),
        accepts=accepts,
        pages=SearchPages(store, Cursors(secret), base_url, settings.identifier_system),
        exports=exports,
        subscriptions=subscriptions,
        bodies=bodies,
        audit=audit,
    ), closing.aclose


class _Publisher:
    """Loads the models of FHIR where a registry may accept results, and nowhere else in the web process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def render(self, result: StoredResult) -> bytes:
        """As `FhirPublisher` does."""
        from cds.reporting.bundle import FhirPublisher

        return FhirPublisher(self._settings.notice, self._settings.identifier_system).render(result)


def _reviewing(settings: Settings, engine: Engine, audit: AuditLog, clock: Clock) -> Reviewing:
    store = SqlAssessmentStore(engine, clock)
    return Reviewing(store, SqlReviews(engine), _Publisher(settings), audit, clock)


def _export_desk(settings: Settings, engine: Engine, views: Views, audit: AuditLog, clock: Clock) -> ExportDesk:
    store, exports = SqlResources(engine), SqlExports(engine, clock)
    files = ExportFiles(settings.export_folder, store)
    runner = ExportRunner(exports, files, views, settings.identifier_system, clock)
    keep = timedelta(hours=settings.export_keep_h)
    rules = ExportRules(f"{settings.base_url}/fhir", keep, settings.export_parallel)
    return ExportDesk(exports, store, files, runner, rules, audit, clock)


def _subscription_desk(  # noqa: PLR0913, PLR0917 - each is one choice of the site
    registries: Registries, engine: Engine, views: Views, audit: AuditLog, clock: Clock, base_url: str
) -> SubscriptionDesk:
    """Nothing is sent before `Notifier.start`, and then only to the origins of the file."""
    store, subscriptions = SqlResources(engine), SqlSubscriptions(engine, clock)
    clients = {each.client.client_id: each.client for each in registries.entries if each.rest_hook_origins}
    origins = {each.client.client_id: each.rest_hook_origins for each in registries.entries}
    http = httpx.Client(timeout=_NOTIFY_WITHIN_S, follow_redirects=False, trust_env=False)
    notifier = Notifier(subscriptions, store, views, clients, base_url, http, clock)
    return SubscriptionDesk(subscriptions, store, origins, notifier, audit)


def _store_groups(registries: Registries, engine: Engine) -> None:
    SqlGroupMembers(engine).replace(
        {
            group_name(each.client.client_id, group): members
            for each in registries.entries
            for group, members in each.members.items()
        }
    )


def _keys_of(entry: RegisteredRegistry, closing: AsyncExitStack) -> ClientKeys:
    if entry.keys is not None:
        return FixedKeys(entry.keys)
    if entry.jwks_file is not None:
        keys = RefreshedKeys(entry.client.client_id, JwksFile(entry.jwks_file).read, OF_FILE)
    else:
        url = JwksUrl(entry.jwks_url or "")
        closing.push_async_callback(url.aclose)
        keys = RefreshedKeys(entry.client.client_id, url.read, OF_URL)
    closing.callback(keys.close)
    return keys
