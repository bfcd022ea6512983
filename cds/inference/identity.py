"""What identifies a segmenter: its name and the digest of the weights that it uses."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

LONGEST_NAME = 56
"""Characters. The name is part of what results are filed under, in a column of 128."""


@dataclass(frozen=True, slots=True)
class SegmenterIdentity:
    """Told from files alone, so that the web process need not load what the worker loads."""

    name: str
    weights_sha256: str

    def __post_init__(self) -> None:
        """A name that does not fit would be cut by one database and refused by another."""
        if len(self.name) > LONGEST_NAME:
            raise ValueError(f"the name of a segmenter has at most {LONGEST_NAME} characters: {self.name}")


def sha256_of(path: Path) -> str:
    """Digest of one file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def combined_sha256(digests: Iterable[tuple[str, str]]) -> str:
    """One digest over (name, digest) of several files; their order does not matter."""
    lines = [f"{name}\0{digest}" for name, digest in sorted(digests)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def plain(text: str, longest: int) -> str:
    """Letters, digits, dots, dashes and single spaces of somebody else's text, so many at most."""
    kept = "".join(char if char.isascii() and (char.isalnum() or char in ".-_") else " " for char in text)
    return " ".join(kept.split())[:longest].strip()
