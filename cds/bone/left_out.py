"""What the choice of a series says of the others, for the record of the one that is measured."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from cds.bone.assessment import PassedOver
from cds.ct.reason import Reason, because
from cds.ct.selection import Selection

MOST_LEFT_OUT: Final = 50
"""Best first: a patient may have hundreds of series, and records stay small."""

IN_GENERAL: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "body-part-without-spine": ("body_part", "another part of the body"),
        "derived-series": ("image_type", "as its image type says"),
        "not-ct": ("modality", "of another modality"),
    }
)
"""By code, the fact of a reason that people at the scanner may have typed, and what stands for it in a record."""


def left_out_by(selection: Selection) -> tuple[PassedOver, ...]:
    """Series of the patient that are not the best one, and why."""
    considered = [(series, reason) for series, reason in selection.considered if reason is not None]
    return tuple(
        PassedOver(series.series_uid, (_in_general(reason),), series.study_date)
        for series, reason in considered[:MOST_LEFT_OUT]
    )


def _in_general(reason: Reason) -> Reason:
    if reason.code not in IN_GENERAL:
        return reason
    name, instead = IN_GENERAL[reason.code]
    return because(reason.code, **{name: instead})
