"""A stored rendering made into what one EHR gets: its choice of resources, with references that it can resolve.

the patient            -> the EHR's own
what is written too    -> the entry of the same transaction, or the id that the EHR has given it
the CT, the software   -> by identifier, where they are not written
other vertebrae        -> left out where they are not written
the reader             -> the EHR's own, where it is that EHR which named them; else by name and identifier
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from cds.ehr import RemoteResource
from cds.fhir_client.ehr_file import Kind, RegisteredEhr
from cds.ports import Outgoing

Json = dict[str, Any]

REPLACES = "http://hl7.org/fhir/StructureDefinition/observation-replaces"
"""Standard extension of R4: the target is obsolete by this Observation."""
_BY_IDENTIFIER = ("ImagingStudy", "Device")
_LOCAL = "urn:uuid:"


@dataclass(frozen=True, slots=True)
class Ours:
    """One resource of a rendering that an EHR gets."""

    kind: Kind
    full_url: str
    resource: Json
    system: str
    identifier: str

    @property
    def type(self) -> str:
        """Its resource type."""
        return str(self.resource["resourceType"])

    @property
    def criteria(self) -> str:
        """Search that finds it and nothing else, for `ifNoneExist`."""
        return f"identifier={quote(f'{self.system}|{self.identifier}', safe='')}"


class Rendering:
    """The stored Bundle of one result, for one EHR."""

    def __init__(self, outgoing: Outgoing, ehr: RegisteredEhr) -> None:
        self._outgoing = outgoing
        self._base = f"{ehr.base_url.rstrip('/')}/"
        whole = [(each["fullUrl"], each["resource"]) for each in json.loads(outgoing.bundle)["entry"]]
        self._by_url: dict[str, Json] = dict(whole)
        self.chosen: Sequence[Ours] = [ours for url, each in whole if (ours := self._ours(url, each, ehr.write))]
        self._provenance = [each for _, each in whole if each["resourceType"] == "Provenance"]

    @property
    def result_system(self) -> str:
        """Identifier system of results."""
        return next(each.system for each in self.chosen if each.kind == "observation")

    def transaction(self, patient: str) -> Json:
        """Creates whatever is not there yet, all or nothing."""
        entries = [
            {
                "fullUrl": each.full_url,
                "resource": self._told(each, patient, {}),
                "request": {"method": "POST", "url": each.type, "ifNoneExist": each.criteria},
            }
            for each in self.chosen
        ]
        return {"resourceType": "Bundle", "type": "transaction", "entry": entries}

    def update(self, each: Ours, patient: str, remote: Sequence[RemoteResource]) -> Json:
        """One resource as it should be on the server now, without its id."""
        return self._told(each, patient, self._places(remote))

    def provenances(self, patient: str, remote: Sequence[RemoteResource]) -> Json:
        """Who made and who read what is there; each is created once, found by its target and agent."""
        places = self._places(remote)
        report = next((each for each in remote if each.type in ("DiagnosticReport", "Observation")), None)
        entries = []
        for each in self._provenance:
            agent = each["agent"][0]["type"]["coding"][0]
            about = f"{report.type}/{report.id}" if report else ""
            criteria = (
                f"target={quote(about, safe='/')}&agent-type={quote(agent['system'] + '|' + agent['code'], safe='')}"
            )
            if "recorded" in each:
                criteria += f"&recorded={quote(each['recorded'], safe='')}"
            told = self._referring({name: value for name, value in each.items() if name != "id"}, patient, places)
            request = {"method": "POST", "url": "Provenance", "ifNoneExist": criteria}
            entries.append({"fullUrl": f"{_LOCAL}{each['id']}", "resource": told, "request": request})
        return {"resourceType": "Bundle", "type": "transaction", "entry": entries}

    def _ours(self, full_url: str, resource: Json, kinds: frozenset[Kind]) -> Ours | None:
        kind = _kind_of(resource)
        if kind is None or kind not in kinds:
            return None
        identifier = resource["identifier"][0]
        return Ours(kind, full_url, resource, identifier["system"], identifier["value"])

    def _places(self, remote: Sequence[RemoteResource]) -> dict[str, str]:
        ids = {(each.type, each.identifier): each.id for each in remote}
        found = ((each, ids.get((each.type, each.identifier))) for each in self.chosen)
        return {each.full_url: f"{each.type}/{there}" for each, there in found if there is not None}

    def _told(self, each: Ours, patient: str, places: Mapping[str, str]) -> Json:
        resource = {name: value for name, value in each.resource.items() if name != "id"}
        told: Json = self._referring(resource, patient, places)
        replaced = self._outgoing.replaces
        if each.kind == "observation" and replaced is not None:
            link = {"url": REPLACES, "valueReference": {"reference": f"Observation/{replaced.id}"}}
            told["extension"] = [*told.get("extension", []), link]
        return told

    def _referring(self, value: Any, patient: str, places: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(value, list):
            kept = [self._referring(each, patient, places) for each in value]
            return [each for each in kept if each is not None]
        if not isinstance(value, dict):
            return value
        if str(value.get("reference", "")).startswith(_LOCAL):
            return self._reference(value, patient, places)
        if value.get("type") == "Practitioner":
            return self._person(value)
        inner = {name: self._referring(each, patient, places) for name, each in value.items()}
        return {name: each for name, each in inner.items() if each is not None and each != []}

    def _person(self, person: Json) -> Json:
        address = str(person.get("identifier", {}).get("value", ""))
        own = address.removeprefix(self._base)
        if not own.startswith("Practitioner/"):
            return person
        known = {name: each for name, each in person.items() if name != "identifier"}
        return {"reference": own, **known}

    def _reference(self, reference: Json, patient: str, places: Mapping[str, str]) -> Json | None:
        url, kind = reference["reference"], reference.get("type")
        if kind == "Patient":
            return {"reference": patient, "type": "Patient"}
        if url in places:
            return {"reference": places[url], "type": kind}
        if any(each.full_url == url for each in self.chosen):
            return reference
        if kind in _BY_IDENTIFIER:
            return {"type": kind, "identifier": self._by_url[url]["identifier"][0]}
        return None


def _kind_of(resource: Json) -> Kind | None:
    match resource["resourceType"]:
        case "Observation":
            return "levels" if "/" in resource["identifier"][0]["value"] else "observation"
        case "DiagnosticReport":
            return "report"
        case "Device":
            return "device"
        case _:
            return None
