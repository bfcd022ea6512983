"""The whole story, top-down.

answer    a hook asks about a patient; what is already known is told at once, else work is queued
choose    which earlier CT, which series, and why not the others
measure   retrieve, segment, calibrate, measure, assess: one CT becomes one assessment
publish   render for charts and registries, store, and let the next hook find it

`answer` is fast and touches the store and the queue alone. The other three are the slow path;
`cds.durable` runs them as steps and checkpoints identifiers and the assessment between them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from cds.bone.assessment import Assessment
from cds.bone.assess import assess_volume, not_assessable
from cds.ct.acquisition import CtSeries
from cds.ct.patient import PatientIdentity, check_patient
from cds.ct.reason import NotAssessable, Reason, because
from cds.ct.selection import SelectionPolicy, select_series
from cds.order import ImagingOrder
from cds.ports import (
    AssessmentStore,
    AuditLog,
    Clock,
    HuCalibrator,
    ImagingArchive,
    NothingFound,
    Progress,
    ResultPublisher,
    ScreeningQueue,
    ServiceHealth,
    StoredResult,
    Trouble,
    VertebraSegmenter,
)


@dataclass(frozen=True, slots=True)
class Known:
    """There is a result; `stale` when an older model made it and a new one is on its way."""

    result: StoredResult
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Pending:
    """The measurement is queued or running."""

    since: datetime


@dataclass(frozen=True, slots=True)
class NoPrior:
    """The archive was asked: there is no CT to measure."""

    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The slow path has been away for over a minute; said so, never an empty answer."""

    trouble: Trouble


Answer = Known | Pending | NoPrior | Unavailable
