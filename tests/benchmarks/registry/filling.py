"""A database with very many assessments, filled in bulk from one that was really rendered."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, insert, update

from cds.bone.anatomy import VertebralLevel
from cds.reporting.bundle import FhirPublisher
from cds.storage.registry_tables import resource_clock, resources
from cds.storage.resources import _Draft, milliseconds
from tests.support.assessments import a_key, a_level, a_patient, a_result, an_assessment

SYSTEM = "http://hospital.example.org/patients"
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
FIRST_SCAN = date(2024, 1, 1)
SCAN_DAYS = 730
SAME_PATIENT = 5
"""One patient in so many has a second assessment."""
_AT_ONCE = 2000
_NAMESPACE = uuid.UUID("7b0e3c4a-58d1-4f8f-8a06-0c9d4a1f2e3b")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Template:
    """A row whose ids, day and value are replaced for each assessment."""

    row: Row
    ids: tuple[str, ...]

    def filled(self, number: int) -> Row:
        """The row of one assessment."""
        patient = number - 1 if number % SAME_PATIENT == 1 and number > 1 else number
        day = FIRST_SCAN + timedelta(days=number % SCAN_DAYS)
        moment = milliseconds(FIRST) + number * 10
        body = self.row["body"]
        names = {each: _id(each, patient if each == self.row["patient"] else number) for each in self.ids}
        for old, new in names.items():
            body = body.replace(old.encode(), new.encode())
        body = body.replace(b"2025-09-14", day.isoformat().encode()).replace(b"PAT-0001", f"P{patient}".encode())
        value = self.row["value"]
        return self.row | {
            "id": names[self.row["id"]],
            "result_id": f"result-{number}",
            "patient": names.get(self.row["patient"], ""),
            "patient_id": f"P{patient}" if self.row["patient"] else "",
            "identifier": f"result-{number}",
            "effective": day,
            "value": None if value is None else value + number % 100,
            "last_updated": moment,
            "body": body,
        }


def fill(engine: Engine, assessments: int) -> int:
    """How many rows it took."""
    templates = _templates()
    count = 0
    for begin in range(0, assessments, _AT_ONCE):
        rows = list(_rows(templates, range(begin, min(begin + _AT_ONCE, assessments))))
        with engine.begin() as connection:
            connection.execute(insert(resources), rows)
        count += len(rows)
    with engine.begin() as connection:
        connection.execute(update(resource_clock).values(moment=milliseconds(FIRST) + assessments * 10))
        connection.exec_driver_sql("ANALYZE")
    return count


def _rows(templates: list[Template], numbers: range) -> Iterator[Row]:
    for number in numbers:
        again = number % SAME_PATIENT == 1 and number > 1
        for template in templates:
            kind = template.row["type"]
            if (kind == "Device" and number > 0) or (kind == "Patient" and again):
                continue
            yield template.filled(number)


def _templates() -> list[Template]:
    levels = (a_level(), a_level(VertebralLevel.L2))
    result = a_result(a_patient(a_key("PAT-0001")), an_assessment(levels=levels))
    bundle = json.loads(FhirPublisher("Investigational: not cleared as a medical device.", SYSTEM).render(result))
    whole = [entry["resource"] for entry in bundle["entry"]]
    subject = next(each["id"] for each in whole if each["resourceType"] == "Patient")
    whose = {"tenant": "default", "patient_id": "PAT-0001", "issuer": "HOSPITAL"}
    drafts = [_Draft(each, "result", whose, subject) for each in whole]
    # Software is one and the same in all of them, so its id stays.
    ids = tuple(each["id"] for each in whole if each["resourceType"] != "Device")
    device = next(each["id"] for each in whole if each["resourceType"] == "Device")
    rows = [draft.row(1, milliseconds(FIRST)) for draft in drafts]
    return [Template(row, (*ids, device) if row["type"] == "Device" else ids) for row in rows]


def _id(old: str, number: int) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{old} {number}"))
