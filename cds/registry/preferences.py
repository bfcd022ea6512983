"""The Prefer header (RFC 7240): what of it means something here."""

from starlette.requests import Request

from cds.registry.refusals import Refused


def is_strict(request: Request) -> bool:
    """`handling=strict` or `handling=lenient`, which is the default; raises `Refused` 400 for anything else."""
    written = ",".join(request.headers.getlist("prefer"))
    handling = {
        value.strip().strip('"').lower()
        for name, _, value in (each.partition(";")[0].partition("=") for each in written.split(","))
        if name.strip().lower() == "handling"
    }
    if handling - {"strict", "lenient"} or len(handling) > 1:
        raise Refused(400, "Prefer: handling is either strict or lenient.")
    return handling == {"strict"}
