"""How many patients the files of a folder belong to."""

from collections.abc import Iterable, Sequence

from cds.ct.patient import facts_of
from cds.dicomweb.scanned_file import ScannedFile


def count_patients(files: Iterable[ScannedFile]) -> int:
    """Tell patients apart by identifier and issuer; then by contradicting birth date or sex.

    Where the identifier was removed, names that differ count too. Files other than CT count
    where they carry an identifier. An absent issuer contradicts nothing.
    """
    by_identifier: dict[str, list[ScannedFile]] = {}
    for file in files:
        if file.patient is not None and (file.series is not None or file.patient.patient_id):
            by_identifier.setdefault(file.patient.patient_id, []).append(file)
    return sum(_contradictions(group, anonymous=not identifier) for identifier, group in by_identifier.items())


def _contradictions(group: Sequence[ScannedFile], *, anonymous: bool) -> int:
    patients = [file.patient for file in group if file.patient is not None]
    names = {file.patient_name for file in group if file.patient_name and anonymous}
    return max(1, len(names), *(len(values) for values in facts_of(patients)))
