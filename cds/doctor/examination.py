"""All checks, in the order in which trouble is best mended."""

from collections.abc import Iterator
from datetime import timedelta

from cds.doctor.archive import visit_archive
from cds.doctor.charts import check_ehrs, check_fhir_origins
from cds.doctor.clock import check_clock, database_ahead
from cds.doctor.databases import check_application_database, check_migrations, check_queue_database, check_workers
from cds.doctor.disk import check_disk, check_export_folder
from cds.doctor.finding import Finding
from cds.doctor.keys import check_clients, check_link_secret, check_metrics_token, check_registries
from cds.doctor.launches import check_launches
from cds.doctor.measuring import check_calibrations, check_model, check_population
from cds.doctor.port import check_port
from cds.doctor.site import check_address, check_identity, check_orders
from cds.doctor.withdrawn import check_withdrawn
from cds.ports import Clock
from cds.settings import Settings


def examine(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Each finding as soon as it is known; nothing is changed anywhere."""
    yield check_identity(settings)
    yield check_address(settings)
    yield check_port(settings)
    yield check_orders(settings)
    yield check_disk(settings)
    yield check_export_folder(settings)
    yield check_application_database(settings)
    yield check_migrations(settings)
    yield check_queue_database(settings)
    yield check_workers(settings, clock)
    archive = visit_archive(settings, clock)
    yield archive.finding
    ahead = {"archive": archive.ahead, "database": database_ahead(settings, clock)}
    yield check_clock(ahead, timedelta(seconds=settings.client_clock_leeway_s))
    yield check_model(settings)
    yield check_calibrations(settings, clock.now())
    yield check_withdrawn(settings, clock)
    yield check_population(settings)
    yield check_clients(settings)
    yield check_registries(settings)
    yield check_launches(settings)
    yield check_link_secret(settings)
    yield check_metrics_token(settings)
    yield check_fhir_origins(settings)
    yield check_ehrs(settings)
