"""What the chart says that changes whether, and how, a result is told. No FHIR in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class DxaResult:
    """The latest DXA on record."""

    measured_on: date
    lowest_t_score: float | None = None
    """Over the sites that were measured; None where the record has no T-score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartFacts:
    """Facts, not conclusions: `cds.hooks.judgement` decides what follows from them."""

    birth_date: date | None = None
    deceased: bool = False
    emergency: bool = False
    """The encounter of the call is an emergency."""
    comfort_care: bool = False
    """Hospice, palliative or end-of-life care on record."""
    pregnant: bool = False
    osteoporosis_known: bool = False
    osteoporosis_treated: bool = False
    """An osteoporosis medicine is active, or was given within the span for which it acts."""
    dxa_ordered: bool = False
    """An active DXA order on record; the orders of the call are not counted."""
    latest_dxa: DxaResult | None = None
    bone_malignancy: bool = False
    """Bone metastasis, myeloma or radiotherapy of the spine on record."""
    own_observations: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    """Result id to the reference of its patient-level Observation on the client's server."""
    unread: tuple[str, ...] = ()
    """Prefetch keys that could not be had where the site accepts that; their facts are unknown, not absent."""
