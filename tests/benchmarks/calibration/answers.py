"""What one method said of a cohort, beside the truth: columns, one row a patient."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.calibration.agreement import Values
from tests.benchmarks.calibration.bootstrap import Indices
from tests.benchmarks.calibration.detection import Flags


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """(n,) each, mg/cm3 on the K2HPO4 basis; NaN where the method has no value, interval or probability."""

    truth: Values
    predicted: Values
    low: Values
    high: Values
    probability: Values
    found: Flags
    """Called below 80 firmly."""
    indeterminate: Flags
    groups: NDArray[Any]
    """Patients of one group share an error: those of one scanner; each their own where they share none."""

    def __post_init__(self) -> None:
        """All columns are of one length; nobody without a value is found."""
        if len({len(getattr(self, field.name)) for field in fields(self)}) != 1:
            raise ValueError("columns of different lengths")
        if self.found[~self.assessed].any():
            raise ValueError("a patient without a value cannot be found")

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def assessed(self) -> Flags:
        """Who has a value."""
        known: Flags = np.isfinite(self.predicted)
        return known

    def at(self, rows: Indices | Flags) -> Self:
        """Some of the patients, or some of them several times."""
        return type(self)(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @classmethod
    def of_rows(cls, rows: Sequence[dict[str, Any]]) -> Self:
        """From one dictionary a patient, with the names of the columns; None for what there is not."""
        columns = {field.name: [row[field.name] for row in rows] for field in fields(cls)}
        return cls(
            **{name: np.array(columns[name], dtype=bool) for name in ("found", "indeterminate")},
            **{
                name: np.array([np.nan if value is None else value for value in columns[name]], dtype=np.float64)
                for name in ("truth", "predicted", "low", "high", "probability")
            },
            groups=np.array(columns["groups"]),
        )
