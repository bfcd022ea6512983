"""The slow path of `cds.screening` behind the workflow's JSON: identifiers and records, no voxels."""

from pydantic import TypeAdapter

from cds.bone.record import from_record, to_record
from cds.durable.orders import OrderJson, order_from_json
from cds.durable.workflow import Json
from cds.screening import Choice, Screening

_CHOICE = TypeAdapter(Choice)


class JsonSteps:
    """Translates at each checkpoint; the steps themselves are those of `Screening`."""

    def __init__(self, screening: Screening) -> None:
        self._screening = screening

    def choose(self, order: OrderJson) -> Json | None:
        """What to measure; None if there is nothing to measure, or the result is known already."""
        choice = self._screening.choose(order_from_json(order))
        if not choice.series:
            return None
        dumped: Json = _CHOICE.dump_python(choice, mode="json")
        return dumped

    def measure(self, choice: Json) -> Json:
        """The assessment record."""
        return to_record(self._screening.measure(_CHOICE.validate_python(choice, strict=False)))

    def publish(self, choice: Json, record: Json) -> str:
        """The id of the stored result."""
        return self._screening.publish(_CHOICE.validate_python(choice, strict=False), from_record(record))
