"""Who calls: the CDS Client on whose behalf a hook is answered. No tokens in it."""

from dataclasses import dataclass
from typing import Final

LONGEST_ISSUER: Final = 150
"""Characters: issuer and user together are kept in 255."""


@dataclass(frozen=True, slots=True)
class Client:
    """One configured CDS Client, as its token has proved."""

    issuer: str
    """`iss` of its tokens, such as "https://ehr.example.org"."""
    tenant: str | None = None
    """Whose results it may see; None for the tenant of the settings."""
    fhir_origins: tuple[str, ...] | None = None
    """Origins that its `fhirServer` may name; None for those of the settings."""

    def __post_init__(self) -> None:
        """Refuse a client without a usable name: audit rows and shown cards are told apart by it."""
        if not self.issuer.strip() or len(self.issuer) > LONGEST_ISSUER:
            raise ValueError(f"a client needs an issuer, of at most {LONGEST_ISSUER} characters")
