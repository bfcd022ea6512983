"""The FHIR servers: those that hooks may name, and those whose charts get results."""

from collections.abc import Callable

from cds.doctor.finding import Finding, failed, ok, warning
from cds.errors import SettingsInvalid
from cds.fhir_client.ehr_file import read_ehrs
from cds.fhir_client.knocking import knock
from cds.settings import Settings

Knock = Callable[[str], str | None]


def check_fhir_origins(settings: Settings, knock_at: Knock = knock) -> Finding:
    """Whether somebody answers there; no token is sent, and nothing is asked about anyone."""
    check = "FHIR servers"
    if not settings.fhir_origins:
        return ok(check, "none may be read: OSTEOCDS_FHIR_ORIGINS is not set, so EHRs must prefetch")
    silent = [f"{origin} {why}" for origin in settings.fhir_origins if (why := knock_at(origin)) is not None]
    if silent:
        return failed(
            check,
            "; ".join(silent),
            "mend OSTEOCDS_FHIR_ORIGINS (scheme://host[:port], separated by commas), or the way there (TLS, firewall)",
        )
    return ok(check, f"{len(settings.fhir_origins)} answer")


def check_ehrs(settings: Settings, knock_at: Knock = knock) -> Finding:
    """The EHR file, its private keys, and whether the servers answer."""
    check = "charts"
    if settings.ehr_file is None:
        return ok(check, "results go into none: OSTEOCDS_EHR_FILE is not set")
    try:
        ehrs = read_ehrs(settings)
    except SettingsInvalid as fault:
        return failed(check, "the list cannot be used", str(fault))
    silent = [f"{ehr.name} {why}" for ehr in ehrs if (why := knock_at(f"{ehr.base_url}/metadata")) is not None]
    if silent:
        advice = "mend the way there (TLS, firewall) or base_url in OSTEOCDS_EHR_FILE; results wait meanwhile"
        return warning(check, "; ".join(silent), advice)
    return ok(check, f"{len(ehrs)} EHR named, keys readable, servers answer")
