"""Many bodies as a few figures. Pure: records in, numbers out; None where there is nothing to count."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

Record = Mapping[str, Any]


def figures_of(rows: Sequence[Record]) -> dict[str, Any]:
    """Names, outlines, places and HU of scored bodies (`BodyScore.as_record`)."""
    counts = {verdict: _count(rows, verdict) for verdict in ("right", "wrong", "missed", "invented")}
    named = counts["right"] + counts["wrong"] + counts["missed"]
    return {
        "bodies": named,
        **counts,
        "names_right_percent": round(100 * counts["right"] / named, 2) if named else None,
        "dice": spread(_values(rows, "dice")),
        "centre_error_mm": spread(_values(rows, "centre_error_mm")),
        "roi_centre_error_mm": spread(_values(rows, "roi_centre_error_mm")),
        "hu_error": spread(_values(rows, "hu_error")),
        "reference_error_hu": spread(_values(rows, "reference_error_hu")),
    }


def bodies_of(records: Iterable[Record]) -> list[Record]:
    """The scored bodies of many volumes or patients."""
    return [row for record in records for row in record["bodies"]]


def _count(rows: Sequence[Record], verdict: str) -> int:
    return sum(1 for row in rows if row["verdict"] == verdict)


def _values(rows: Sequence[Record], key: str) -> list[float]:
    return [row[key] for row in rows if row.get(key) is not None]


def spread(values: Sequence[float]) -> dict[str, Any] | None:
    """Count, mean, smallest, largest; and of the sizes: mean, 95th percentile, largest."""
    if not values:
        return None
    numbers = np.asarray(values, np.float64)
    sizes = np.abs(numbers)
    return {
        "count": len(numbers),
        "mean": _rounded(numbers.mean()),
        "min": _rounded(numbers.min()),
        "max": _rounded(numbers.max()),
        "mean_size": _rounded(sizes.mean()),
        "p95_size": _rounded(np.percentile(sizes, 95)),
        "max_size": _rounded(sizes.max()),
    }


def _rounded(value: float) -> float:
    return round(float(value), 3)
