"""Whose a resource is. Another patient's among those of one call is never overlooked.

names the patient, or nobody                -> counts (the query was for the patient)
names another patient, or is one            -> `AnotherPatient`
names a group, a device, or by `urn:uuid:`  -> left out: nothing says that it is the patient's
"""

from collections.abc import Collection, Iterable

from cds.errors import OsteocdsError
from cds.hooks.bundles import Resource
from cds.hooks.references import patient_in

_WHO_IT_IS_FOR = ("subject", "patient")
"""Where the resources that are read here name their patient (R4)."""


class AnotherPatient(OsteocdsError):
    """A resource of somebody else; no id in the message."""

    def __init__(self) -> None:
        super().__init__("a resource is for another patient")


def own_resources(resources: Iterable[Resource], patient_ids: Collection[str]) -> tuple[Resource, ...]:
    """The resources of the patient, who may have had several records; raises `AnotherPatient`."""
    return tuple(each for each in resources if _is_own(each, patient_ids))


def _is_own(resource: Resource, patient_ids: Collection[str]) -> bool:
    if resource.get("resourceType") == "Patient" and not any(resource.get("id") == each for each in patient_ids):
        raise AnotherPatient
    references = [resource[key] for key in _WHO_IT_IS_FOR if resource.get(key)]
    named = [patient_in(each) for each in references if not isinstance(each, dict) or each.get("reference")]
    if any(each is not None and each not in patient_ids for each in named):
        raise AnotherPatient
    return None not in named
