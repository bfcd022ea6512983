"""One result as one FHIR Bundle (R4), rendered at publish and at each review, and stored as bytes.

Only the worker and `osteocds review` import this module: the models it validates with take a quarter of a second to
load, and the web process serves the stored bytes.
"""

from collections.abc import Iterator
from dataclasses import replace

from fhir.resources.R4B.bundle import Bundle

from cds.entered_in_error import entered_in_error
from cds.ports import StoredResult
from cds.reporting import codes
from cds.reporting.codes import Json
from cds.reporting.observations import Observations, instant
from cds.reporting.reading import withdrawn
from cds.reporting.references import ResourceIds, full_url
from cds.reporting.report import device, diagnostic_report, imaging_study, patient, provenance, reviewed


class FhirPublisher:
    """The `ResultPublisher` port; R4B and R4 agree on everything that is emitted here."""

    def __init__(self, notice: str, identifier_system: str | None = None, *, snomed_body_sites: bool = True) -> None:
        self._notice = notice
        self._identifier_system = identifier_system
        self._snomed = snomed_body_sites

    def render(self, result: StoredResult) -> bytes:
        """The Bundle as JSON; the same result with the same review gives the same bytes.

        `meta.versionId` of the Bundle is 1 as measured, and one more for each review.
        """
        review = result.review
        ids = ResourceIds(result)
        entries = [{"fullUrl": full_url(each["id"]), "resource": each} for each in self._resources(result, ids)]
        bundle = Bundle.model_validate(
            {
                "resourceType": "Bundle",
                "id": ids.bundle,
                "meta": {"versionId": str(1 if review is None else 1 + review.number)},
                "identifier": {"system": codes.RESULT_ID, "value": result.result_id},
                "type": "collection",
                "timestamp": instant(result.measured_at if review is None else review.at),
                "entry": entries,
            }
        )
        return bundle.model_dump_json().encode()

    def _resources(self, result: StoredResult, ids: ResourceIds) -> Iterator[Json]:
        rendering = Observations(result, ids, self._notice, snomed=self._snomed)
        observations = [
            rendering.patient_level(),
            *(rendering.of_level(level) for level in result.assessment.levels),
        ]
        report = diagnostic_report(result, ids, observations, self._notice)
        yield patient(result, ids, self._identifier_system)
        yield imaging_study(result, ids)
        yield device(result, ids)
        yield from (withdrawn(each, result.review) for each in (*observations, report))
        yield from self._renamed_away(result, ids)
        yield provenance(result, ids, observations)
        if result.review is not None:
            yield reviewed(result, ids, observations, result.review)

    def _renamed_away(self, result: StoredResult, ids: ResourceIds) -> Iterator[Json]:
        """Observations of vertebrae that have another name since a reader corrected it: wrong, and said so."""
        if result.correction is None:
            return
        names = {each.level for each in result.assessment.levels}
        before = replace(result, assessment=result.measured, review=None, correction=None)
        rendering = Observations(before, ids, self._notice, snomed=self._snomed)
        for level in result.measured.levels:
            if level.level not in names:
                yield entered_in_error(rendering.of_level(level), result.correction.what, "wrong-level")
