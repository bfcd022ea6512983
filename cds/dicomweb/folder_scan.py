"""What a folder holds: CT series, and everything a person should know about the rest.

Every file is looked at before anything is indexed, so a duplicate or truncated copy can never
take the place of a good image without being named.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Final

from cds.ct.acquisition import CtSeries
from cds.ct.patient import ArchivedPatient, merged
from cds.dicomweb.findings import Finding, findings_of, without_copies
from cds.dicomweb.folder_patients import count_patients
from cds.dicomweb.scanned_file import ScannedFile
from cds.errors import NoCtFound, TwoPatients

_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class FolderSeries:
    """One CT series of the folder and the files that make it up."""

    facts: CtSeries
    files: tuple[ScannedFile, ...]
    """Complete images; identical copies only once."""
    cut_short: tuple[str, ...]
    """Names of truncated files for which there is no complete copy."""


@dataclass(frozen=True, slots=True)
class FolderScan:
    """Everything under one folder."""

    root: Path
    contents: tuple[FolderSeries, ...]
    findings: tuple[Finding, ...]
    patients: int
    """How many patients the DICOM files name."""

    @property
    def series(self) -> tuple[CtSeries, ...]:
        """Every CT series in the folder."""
        return tuple(content.facts for content in self.contents)

    def only_patient(self) -> ArchivedPatient:
        """The one patient of the folder; raises `NoCtFound` or `TwoPatients`."""
        if not self.contents:
            raise NoCtFound(_why_no_ct(self))
        if self.patients > 1:
            msg = f"{self.root} holds images of {self.patients} patients; give one folder for each patient"
            raise TwoPatients(msg)
        return self.contents[0].facts.patient


def scan_of(root: Path, files: Sequence[ScannedFile]) -> FolderScan:
    """Sort out what was read; `files` in the order of their names."""
    unique, copies = without_copies(root, [file for file in files if file.series is not None])
    groups: dict[str, list[ScannedFile]] = {}
    for file in unique:
        groups.setdefault(_series_key(file), []).append(file)
    homeless = [file for file in files if file.kind == "ct-cut-short" and file.series is None]
    contents = tuple(_folder_series(key, group, homeless) for key, group in groups.items())
    findings = (*copies, *findings_of(files, {file.name for file in unique}))
    return FolderScan(root, contents, findings, count_patients(files))


def _series_key(file: ScannedFile) -> str:
    """The series UID; where the images have lost theirs, one made from folder and frame of reference."""
    if file.series is not None and file.series.series_uid:
        return file.series.series_uid
    image = file.image
    facts = (PurePath(file.name).parent.as_posix(), image.frame_of_reference_uid if image else None)
    return made_up_uid(repr(facts))


def made_up_uid(facts: str) -> str:
    """Make a UID in the UUID-derived form (PS3.5 B.2) from facts; the same facts give the same UID."""
    return f"2.25.{int.from_bytes(hashlib.sha256(facts.encode()).digest()[:16], 'big')}"


def _folder_series(key: str, group: Sequence[ScannedFile], homeless: Sequence[ScannedFile]) -> FolderSeries:
    complete = tuple(file for file in group if file.kind == "ct")
    folders = {PurePath(file.name).parent for file in group}
    cut_short = [file.name for file in group if file.kind == "ct-cut-short"]
    cut_short += [file.name for file in homeless if PurePath(file.name).parent in folders]
    typical = next((file for file in complete if file.image and "LOCALIZER" not in file.image.image_type), group[0])
    facts = typical.series
    if facts is None:  # pragma: no cover - only files with a series are grouped
        raise ValueError(key)
    study_uid = facts.study_uid or made_up_uid(f"study {key}")
    everyone = merged(facts.patient, *(file.patient for file in group if file.patient is not None))
    facts = replace(
        facts,
        series_uid=key,
        study_uid=study_uid,
        instance_count=len(group),
        patient=everyone or facts.patient,  # images that contradict each other are refused at retrieval
    )
    return FolderSeries(facts, complete, tuple(sorted(cut_short)))


def _why_no_ct(scan: FolderScan) -> str:
    """Say what was found instead."""
    where, troubles = scan.root, Counter(finding.what for finding in scan.findings)
    if not troubles:
        return f"{where} holds no files"
    others = Counter(
        finding.text.rsplit(" is ", 1)[-1].removesuffix(", not CT")
        for finding in scan.findings
        if finding.what == "other-dicom"
    )
    if others:
        listed = ", ".join(f"{count} {modality}" for modality, count in others.most_common(_SHOWN))
        return f"{where} holds no CT image; the DICOM files in it are: {listed}"
    first = scan.findings[0]
    if troubles["cut-short"]:
        return f"{where} holds no readable CT image: {first.text}"
    if troubles["unreadable"] and not troubles["not-dicom"]:
        return f"{where} holds no file that can be read: {first.text}"
    return f"{where} holds no DICOM file; looked at {len(scan.findings)}, the first: {first.name}"
