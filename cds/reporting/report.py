"""What stands around the Observations: report, patient, study, software, provenance."""

from collections.abc import Sequence

from cds.entered_in_error import narrative
from cds.ports import Review, StoredResult
from cds.reporting import codes, terminology
from cds.reporting.codes import Json, concept, measurement, own
from cds.reporting.observations import effective, instant
from cds.reporting.reading import named, reader, status_of
from cds.reporting.references import ResourceIds, reference
from cds.reporting.rendition import presented_form
from cds.reporting.wording import conclusion, corrections_said


def diagnostic_report(result: StoredResult, ids: ResourceIds, observations: Sequence[Json], notice: str) -> Json:
    """Preliminary until a named reader has accepted it; software is never named as its interpreter."""
    assessment = result.assessment
    text = " ".join([*(said for _, said in corrections_said(result)), conclusion(assessment, notice)])
    category = [concept(own(terminology.CATEGORY, assessment.category))] if assessment.category else []
    return {
        "resourceType": "DiagnosticReport",
        "id": ids.report,
        "meta": {"profile": [codes.profile("vbmd-report")], "security": [codes.AI_ASSERTED]},
        "text": narrative(text),
        "identifier": [{"system": codes.RESULT_ID, "value": result.result_id}],
        "status": status_of(result),
        "category": [codes.RADIOLOGY],
        "code": measurement("vbmd-report"),
        "subject": reference("Patient", ids.patient),
        **effective(assessment.acquisition),
        "issued": instant(result.measured_at),
        **reader("resultsInterpreter", result.review),
        "result": [reference("Observation", each["id"]) for each in observations],
        "imagingStudy": [reference("ImagingStudy", ids.study)],
        "conclusion": text,
        **({"conclusionCode": category} if category else {}),
        "presentedForm": [presented_form(result, text)],
    }


def patient(result: StoredResult, ids: ResourceIds, identifier_system: str | None) -> Json:
    """The identifier and nothing else: whoever may know more has it already.

    US Core asks for a name, a gender and the system of an identifier: said to be masked or unknown.
    """
    key = result.patient.key
    system = {"system": identifier_system} if identifier_system else {"_system": codes.absent("unknown")}
    assigner = {"assigner": {"display": key.issuer}} if key.issuer else {}
    identifier = {"use": "usual", **system, "value": key.patient_id, **assigner}
    masked = codes.absent("masked")
    return {
        "resourceType": "Patient",
        "id": ids.patient,
        "identifier": [identifier],
        "name": [masked],
        "_gender": masked,
    }


def imaging_study(result: StoredResult, ids: ResourceIds) -> Json:
    """The CT that was measured, by its DICOM identifiers."""
    acquisition = result.assessment.acquisition
    started = {"started": acquisition.study_date.isoformat()} if acquisition.study_date else {}
    return {
        "resourceType": "ImagingStudy",
        "id": ids.study,
        "identifier": [{"system": codes.DICOM_UID, "value": f"urn:oid:{acquisition.study_uid}"}],
        "status": "available",
        "modality": [codes.CT],
        "subject": reference("Patient", ids.patient),
        **started,
        "series": [{"uid": acquisition.series_uid, "modality": codes.CT}],
    }


def device(result: StoredResult, ids: ResourceIds) -> Json:
    """The software, exactly enough to find every result that one version made."""
    software = result.assessment.software
    versions = {
        "software": software.version,
        "segmentation model": software.model,
        "SHA-256 of the model weights": software.weights_sha256,
        "model and calibration": result.generation,
    }
    return {
        "resourceType": "Device",
        "id": ids.device,
        "meta": {"profile": [codes.profile("ai-device")]},
        "identifier": [{"system": codes.SOFTWARE_ID, "value": f"osteocds {software.version} {result.generation}"}],
        "status": "active",
        "deviceName": [{"name": "osteocds", "type": "model-name"}],
        "type": concept(codes.ARTIFICIAL_INTELLIGENCE, text="Artificial intelligence software"),
        "version": [{"type": {"text": name}, "value": value} for name, value in versions.items() if value],
    }


def provenance(result: StoredResult, ids: ResourceIds, observations: Sequence[Json]) -> Json:
    """Asserted by an algorithm, from this study."""
    targets = [reference("Observation", each["id"]) for each in observations]
    return {
        "resourceType": "Provenance",
        "id": ids.provenance,
        "meta": {"profile": [codes.profile("ai-provenance")]},
        "target": [*targets, reference("DiagnosticReport", ids.report)],
        "recorded": instant(result.measured_at),
        "reason": [concept(codes.AI_ASSERTED)],
        "agent": [{"type": concept(codes.ASSEMBLER), "who": reference("Device", ids.device)}],
        "entity": [{"role": "source", "what": reference("ImagingStudy", ids.study)}],
    }


def reviewed(result: StoredResult, ids: ResourceIds, observations: Sequence[Json], review: Review) -> Json:
    """Who read it, when, and what they said: the software measured, this person answers for it."""
    what = [result.correction.what] if review.decision == "corrected" and result.correction is not None else []
    said = "; ".join([*what, *([review.reason] if review.reason else [])])
    targets = [reference("Observation", each["id"]) for each in observations]
    return {
        "resourceType": "Provenance",
        "id": ids.review(review.number),
        "meta": {"profile": [codes.profile("review-provenance")]},
        "target": [*targets, reference("DiagnosticReport", ids.report)],
        "recorded": instant(review.at),
        "activity": {"text": f"{review.decision}: {said}" if said else review.decision},
        "agent": [{"type": concept(codes.VERIFIER), "who": named(review)}],
        "entity": [{"role": "source", "what": reference("ImagingStudy", ids.study)}],
    }
