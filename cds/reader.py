"""Who reads results and decides about them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reader:
    """A person who answers for what they decide."""

    identity: str
    """Says who it is: `fhirUser` as an address, or the name that an operator gives."""
    name: str | None = None
    """What their EHR calls them: for people to read, and for nothing else."""

    @property
    def shown(self) -> str:
        """What people read."""
        return self.name or self.identity
