"""What becomes of a finding that must not be used any more: the same in our store, for registries, and in charts.

status        entered-in-error
extension     why, coded and in words
Observation   one more note; the value stays, for whoever has to find out what was wrong
report        the reason stands where the conclusion and the narrative were; category and rendition go
reader        goes: nobody answers for it any more
"""

from html import escape
from typing import Any

from cds.retraction import WITHDRAWALS, WithdrawalCode

Json = dict[str, Any]

IN_ERROR = "entered-in-error"
WITHDRAWN = "http://osteocds.org/fhir/StructureDefinition/withdrawn"
_SYSTEM = "http://osteocds.org/fhir/CodeSystem/withdrawal-reason"
_NOT_OF_THE_WITHDRAWN = ("performer", "resultsInterpreter", "conclusionCode", "presentedForm")


def entered_in_error(resource: Json, why: str, code: WithdrawalCode) -> Json:
    """An Observation or DiagnosticReport with its withdrawal; one that is in error already stays as it is."""
    if resource.get("status") == IN_ERROR:
        return resource
    sentence = f"Entered in error: {why}"
    kept = {name: value for name, value in resource.items() if name not in _NOT_OF_THE_WITHDRAWN}
    if resource["resourceType"] == "DiagnosticReport":
        said: Json = {"conclusion": sentence, "text": narrative(sentence)}
    else:
        said = {"note": [*resource.get("note", []), {"text": sentence}]}
    extension = [*resource.get("extension", []), {"url": WITHDRAWN, "valueCodeableConcept": _reason(why, code)}]
    return {**kept, **said, "status": IN_ERROR, "extension": extension}


def without_withdrawal(resource: Json) -> Json:
    """What is shown again: its extension no longer says why it was withdrawn."""
    left = [each for each in resource.get("extension", []) if each.get("url") != WITHDRAWN]
    kept = {name: value for name, value in resource.items() if name != "extension"}
    return {**kept, "extension": left} if left else kept


def withdrawal_code(resource: Json) -> WithdrawalCode | None:
    """Why a resource was withdrawn; None where it was not, or does not say."""
    said = [each["valueCodeableConcept"] for each in resource.get("extension", []) if each.get("url") == WITHDRAWN]
    codes = [coding["code"] for concept in said for coding in concept["coding"]]
    return codes[0] if codes else None


def narrative(*paragraphs: str) -> Json:
    """The `text` of a resource."""
    inside = "".join(f"<p>{escape(each, quote=False)}</p>" for each in paragraphs)
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{inside}</div>'}


def _reason(why: str, code: WithdrawalCode) -> Json:
    return {"coding": [{"system": _SYSTEM, "code": code, "display": WITHDRAWALS[code]}], "text": why}
