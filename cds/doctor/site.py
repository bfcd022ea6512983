"""What `serve` needs to be told: whose identifier, which orders, under which address."""

from cds.doctor.finding import Finding, failed, ok
from cds.errors import SettingsInvalid
from cds.hooks.identity import IdentityRules
from cds.hooks.order_codes import OrderCodes
from cds.loopback import is_loopback
from cds.settings import Settings


def check_identity(settings: Settings) -> Finding:
    """How a patient of the chart is found in the archive."""
    try:
        rules = IdentityRules.from_settings(settings)
    except SettingsInvalid as fault:
        return failed("identity", "a wrong patient could not be ruled out", str(fault))
    issuer = rules.issuer or "the archive's only issuer"
    return ok("identity", f"PatientID is the identifier of {rules.system}, issued by {issuer}")


def check_orders(settings: Settings) -> Finding:
    """Which orders matter."""
    try:
        OrderCodes.from_settings(settings)
    except SettingsInvalid as fault:
        return failed("orders", "the value sets cannot be used", str(fault))
    return ok("orders", "value sets readable")


def check_address(settings: Settings) -> Finding:
    """Clients sign their tokens for it."""
    if settings.public_url is None and not is_loopback(settings.host):
        return failed(
            "address",
            f"unknown to ourselves: we listen on {settings.host}",
            "set OSTEOCDS_PUBLIC_URL to the https address that clients call; it is the audience of their tokens",
        )
    return ok("address", settings.base_url)
