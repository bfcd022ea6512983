"""What a person should know about the files of a folder: copies, damage, foreign files."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cds.dicomweb.scanned_file import ScannedFile

Trouble = Literal["cut-short", "duplicate", "conflicting-duplicate", "not-dicom", "unreadable", "other-dicom"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in the folder that is not a plain CT image: what, which file, and a sentence."""

    what: Trouble
    name: str
    text: str


def without_copies(root: Path, files: Sequence[ScannedFile]) -> tuple[list[ScannedFile], list[Finding]]:
    """Drop byte-identical copies and truncated copies of complete images, naming each."""
    by_uid: dict[str, list[ScannedFile]] = {}
    for number, file in enumerate(files):
        uid = file.image.sop_instance_uid if file.image else None
        by_uid.setdefault(uid or f"without UID {number}", []).append(file)
    kept: list[ScannedFile] = []
    findings: list[Finding] = []
    for copies in by_uid.values():
        best = next((file for file in copies if file.kind == "ct"), copies[0])
        kept.append(best)
        for other in copies:
            if other is best or (other.kind == "ct-cut-short" and best.kind == "ct"):
                continue
            if _digest(root, other) == _digest(root, best):
                findings.append(Finding("duplicate", other.name, f"{other.name} is a copy of {best.name}"))
            else:
                kept.append(other)
                text = f"{other.name} has the same identifier as {best.name} but differs from it"
                findings.append(Finding("conflicting-duplicate", other.name, text))
    order = {file.name: place for place, file in enumerate(files)}
    return sorted(kept, key=lambda file: order[file.name]), findings


def _digest(root: Path, file: ScannedFile) -> str:
    path = root / file.name if root.is_dir() else root
    try:
        with path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return f"unreadable {file.name}"


def findings_of(files: Iterable[ScannedFile], used: set[str]) -> list[Finding]:
    """One sentence for each file that is no complete CT image; `used` are the names that count."""
    sentences: dict[str, tuple[Trouble, str]] = {
        "ct-cut-short": ("cut-short", "{name} is cut short"),
        "not-dicom": ("not-dicom", "{name} is not DICOM"),
        "unreadable": ("unreadable", "{name} cannot be read"),
        "other-dicom": ("other-dicom", "{name} is {modality}, not CT"),
    }
    found = []
    for file in files:
        if file.kind not in sentences:
            continue
        what, sentence = sentences[file.kind]
        text = sentence.format(name=file.name, modality=file.modality or "a DICOM file of unknown modality")
        complete_copy = file.kind == "ct-cut-short" and file.series is not None and file.name not in used
        found.append(Finding(what, file.name, text + ("; its complete copy is used" if complete_copy else "")))
    return found
