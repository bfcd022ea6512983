"""The ids of one result's resources: always the same for the same result, so that a repeat changes nothing."""

import uuid

from cds.bone.anatomy import VertebralLevel
from cds.ports import StoredResult
from cds.reporting.codes import Json

_NAMESPACE = uuid.UUID("5b9d4c1e-2a0f-5e6b-9c3d-0f7a8e1b2c4d")


class ResourceIds:
    """Patient, study and software keep their ids across results; the rest belongs to one result."""

    def __init__(self, result: StoredResult) -> None:
        key = result.patient.key
        software = result.assessment.software
        study_uid = result.assessment.acquisition.study_uid
        whose = ("patient", key.tenant, key.issuer or "", key.patient_id.strip())
        self._result_id = result.result_id
        self.patient = _uuid(*whose)
        self.study = _uuid("study", *whose, study_uid)
        self.device = _uuid("device", software.version, software.model, software.weights_sha256, result.generation)
        self.assessment = self._of_result("assessment")
        self.report = self._of_result("report")
        self.provenance = self._of_result("provenance")
        self.bundle = self._of_result("bundle")

    def level(self, level: VertebralLevel) -> str:
        """The Observation of one vertebra."""
        return self._of_result("level", level.value)

    def review(self, number: int) -> str:
        """The Provenance of one review."""
        return self._of_result("review", str(number))

    def _of_result(self, *what: str) -> str:
        return _uuid("result", self._result_id, *what)


def full_url(resource_id: str) -> str:
    """How other resources of the same Bundle point to it."""
    return f"urn:uuid:{resource_id}"


def reference(resource_type: str, resource_id: str) -> Json:
    """A reference that resolves inside the Bundle."""
    return {"reference": full_url(resource_id), "type": resource_type}


def _uuid(*parts: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, "\n".join(parts)))
