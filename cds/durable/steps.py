"""The slow path of `cds.screening` behind the workflow's JSON: identifiers and records, no voxels."""

from dataclasses import replace

from pydantic import TypeAdapter

from cds.bone.record import from_record, to_record
from cds.ct.acquisition import CtSeries
from cds.durable.orders import OrderJson, order_from_json
from cds.durable.workflow import Json
from cds.screening import Choice, Screening

_CHOICE = TypeAdapter(Choice)


class JsonSteps:
    """Translates at each checkpoint; the steps themselves are those of `Screening`."""

    def __init__(self, screening: Screening) -> None:
        self._screening = screening

    def choose(self, order: OrderJson) -> Json | None:
        """What to measure; None if there is nothing, `already` the id of a result that is known."""
        choice = self._screening.choose(order_from_json(order))
        if choice.already is not None:
            return {"already": choice.already}
        if not choice.series:
            return None
        kept = replace(choice, series=tuple(_without_text(series) for series in choice.series))
        dumped: Json = _CHOICE.dump_python(kept, mode="json", exclude_defaults=True)
        return dumped

    def measure(self, choice: Json) -> Json | None:
        """The assessment record; None if nothing may be measured any more."""
        assessment = self._screening.measure(_choice_from(choice))
        return None if assessment is None else to_record(assessment)

    def publish(self, choice: Json, record: Json) -> str | None:
        """The id of the stored result; None if nothing may be stored."""
        return self._screening.publish(_choice_from(choice), from_record(record))


def _choice_from(data: Json) -> Choice:
    return _CHOICE.validate_python(data, strict=False)


def _without_text(series: CtSeries) -> CtSeries:
    """The identifiers of a series, and the facts that its assessment record names as well.

    What people have typed (descriptions, protocol, station, contrast agent) stays in the
    archive: `retrieve` reads it again, from the images.
    """
    return CtSeries(
        study_uid=series.study_uid,
        series_uid=series.series_uid,
        patient=series.patient,
        modality=series.modality,
        instance_count=series.instance_count,
        study_date=series.study_date,
        manufacturer=series.manufacturer,
        model=series.model,
        kvp=series.kvp,
        kernel=series.kernel,
        slice_thickness_mm=series.slice_thickness_mm,
    )
