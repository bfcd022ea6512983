"""A patient key as columns, and as the condition that every query by patient carries."""

from datetime import date
from typing import Literal

from sqlalchemy import ColumnElement, Row, Table, and_, bindparam

from cds.ct.patient import PatientIdentity, PatientKey

Sex = Literal["male", "female"]
_SEXES: dict[str | None, Sex | None] = {None: None, "male": "male", "female": "female"}


def columns_of(patient: PatientKey) -> dict[str, str]:
    """The key without the padding that DICOM ignores, as `check_patient` compares it."""
    issuer = "" if patient.issuer is None else patient.issuer.strip()
    return {"tenant": patient.tenant, "patient_id": patient.patient_id.strip(), "issuer": issuer}


def belongs_to(table: Table, patient: PatientKey) -> ColumnElement[bool]:
    """Rows of exactly this tenant, identifier and issuer; no issuer matches only no issuer."""
    return and_(*(table.c[name] == value for name, value in columns_of(patient).items()))


def belongs_to_given(table: Table) -> ColumnElement[bool]:
    """The same for a statement that is built once; `columns_of` are its parameters."""
    return and_(*(table.c[name] == bindparam(name) for name in ("tenant", "patient_id", "issuer")))


def identity_of(row: Row[tuple[object, ...]]) -> PatientIdentity:
    """The patient of a result row."""
    born: date | None = row.birth_date
    key = PatientKey(row.tenant, row.patient_id, row.issuer or None)
    return PatientIdentity(key, born, _SEXES[row.sex])
