"""Where the public keys of a client are, as its entry in a file of the site says."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from cds.loopback import is_loopback


class KeyFields(BaseModel):
    """Exactly one of the three; an unknown field is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    jwks_url: str | None = None
    jwks_file: str | None = None
    jwks: str | None = None

    @field_validator("jwks_url")
    @classmethod
    def _secure(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "https://unset")
        if not parts.hostname or not (
            parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
        ):
            raise ValueError("must be an https address; http on loopback only")
        return url

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(source is not None for source in (self.jwks_url, self.jwks_file, self.jwks)) != 1:
            raise ValueError("set exactly one of jwks_url, jwks_file and jwks")
        return self
