"""Arguments that several commands have in common."""

from typing import Annotated

import typer

Issuer = Annotated[str | None, typer.Option(help="IssuerOfPatientID; default: OSTEOCDS_ARCHIVE_ISSUER.")]
Tenant = Annotated[str | None, typer.Option(help="Default: OSTEOCDS_TENANT.")]
