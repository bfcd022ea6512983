"""What crosses a checkpoint: plain JSON, and failures as kind and text.

DBOS pickles by default. JSON can be read by people and by other versions of this program, and
reading it back runs no code. A failure keeps its text only if the program wrote it on purpose:
the message of any other exception may quote patient data.
"""

import json
from dataclasses import dataclass
from typing import Any

from dbos import Serializer
from dbos import error as dbos_error

from cds.errors import OsteocdsError

_FAILURE = "osteocds-failure"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a step or a whole screening did not succeed."""

    kind: str
    """The class of the error, such as "ArchiveUnavailable"."""
    text: str
    """One sentence without patient data."""


class ScreeningFailed(OsteocdsError):
    """A screening that ended without a result, with its cause."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure


def failure_of(error: BaseException) -> Failure:
    """What to remember of an error, whether it was just raised or read back."""
    match error:
        case ScreeningFailed():
            return error.failure
        case dbos_error.DBOSMaxStepRetriesExceeded() if error.errors:
            return failure_of(error.errors[-1])
        case OsteocdsError():
            return Failure(type(error).__name__, str(error))
        case _:
            return Failure(type(error).__name__, f"an unexpected error of the program ({type(error).__name__})")


class JsonSerializer(Serializer):
    """The same in every process that shares a queue database."""

    def name(self) -> str:
        """Stored beside each value, so that it is never read as anything else."""
        return "osteocds-json-1"

    def serialize(self, data: Any) -> str:  # noqa: ANN401 - the interface of DBOS
        """JSON, or TypeError for what is not plain."""
        if isinstance(data, BaseException):
            failure = failure_of(data)
            data = {_FAILURE: [failure.kind, failure.text]}
        return json.dumps(data, separators=(",", ":"), allow_nan=False)

    def deserialize(self, serialized_data: str) -> Any:  # noqa: ANN401 - the interface of DBOS
        """What was put in; a failure comes back as `ScreeningFailed`."""
        data = json.loads(serialized_data)
        if isinstance(data, dict) and _FAILURE in data:
            return ScreeningFailed(Failure(*data[_FAILURE]))
        return data
