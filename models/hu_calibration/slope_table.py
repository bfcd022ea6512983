"""Reads the shipped tables and interpolates in them: plain numbers in and out.

Between nodes the tables are read bilinearly in (ln kVp, ln water path), slopes as ln slope: on
these axes they are almost straight, so the error of interpolation stays below 0.2 %.
Outside the tabulated range nothing is extrapolated: `OutsideTableError` says so.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import exp, isfinite, log
from typing import Any, Literal, Self

Basis = Literal["K2HPO4", "HA"]
Filtration = Literal["light", "standard", "hard", "tin-0.4", "tin-0.6"]
Tissue = Literal["fat", "muscle", "blood"]

TABLE_FILE = "slope_tables.json"
NUMBER_KEYS = ("kvp", "water_path_cm", "slope_hu_per_mg_cm3", "tissue_hu")

Grid = tuple[tuple[float, ...], ...]
"""Rows by kVp, columns by water path."""


class OutsideTableError(ValueError):
    """The tube voltage or the water path lies outside what was computed."""


class TableCorruptError(ValueError):
    """The numbers in the file are not those its checksum was made for."""


def numbers_sha256(document: Mapping[str, Any]) -> str:
    """SHA-256 over the numbers alone, in canonical JSON; provenance may be reworded."""
    numbers = {key: document[key] for key in NUMBER_KEYS}
    return hashlib.sha256(json.dumps(numbers, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SlopeTable:
    """Slopes and expected tissue HU by kVp, water path, filtration."""

    kvp: tuple[float, ...]
    water_path_cm: tuple[float, ...]
    log_slopes: Mapping[tuple[str, str], Grid]
    """(basis, filtration): natural logarithm of HU per mg/cm3."""
    tissues: Mapping[tuple[str, str], Grid]
    """(tissue, filtration): HU."""
    sha256: str

    @classmethod
    def load(cls) -> Self:
        """Read the tables shipped with the package, verified."""
        return cls.parse(_shipped())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a document of `build_tables`; raises `TableCorruptError` if its checksum is wrong."""
        document = json.loads(text)
        if numbers_sha256(document) != document["sha256"]:
            msg = f"the numbers of {TABLE_FILE} do not match their SHA-256"
            raise TableCorruptError(msg)
        return cls(
            kvp=tuple(document["kvp"]),
            water_path_cm=tuple(document["water_path_cm"]),
            log_slopes=_grids(document["slope_hu_per_mg_cm3"], logarithmic=True),
            tissues=_grids(document["tissue_hu"], logarithmic=False),
            sha256=document["sha256"],
        )

    def slope_hu_per_mg_cm3(
        self, kvp: float, water_path_cm: float, filtration: Filtration = "standard", basis: Basis = "K2HPO4"
    ) -> float:
        """HU that 1 mg/cm3 of the mineral adds to water at the centre of the water path."""
        return exp(self._read(self.log_slopes[basis, filtration], kvp, water_path_cm))

    def tissue_hu(self, tissue: Tissue, kvp: float, water_path_cm: float, filtration: Filtration = "standard") -> float:
        """HU that the tissue should read on an unenhanced scan of an exact scanner."""
        return self._read(self.tissues[tissue, filtration], kvp, water_path_cm)

    def _read(self, grid: Grid, kvp: float, water_path_cm: float) -> float:
        row, down = _place(self.kvp, kvp, "kVp")
        column, right = _place(self.water_path_cm, water_path_cm, "water path in cm")
        upper = (1 - right) * grid[row][column] + right * grid[row][column + 1]
        lower = (1 - right) * grid[row + 1][column] + right * grid[row + 1][column + 1]
        return (1 - down) * upper + down * lower


@cache
def _shipped() -> str:
    return files("models.hu_calibration").joinpath(TABLE_FILE).read_text(encoding="utf-8")


def _grids(tables: Mapping[str, Mapping[str, list[list[float]]]], *, logarithmic: bool) -> dict[tuple[str, str], Grid]:
    """Flatten {outer: {filtration: rows}} to {(outer, filtration): rows}."""
    return {
        (outer, filtration): tuple(tuple(log(x) if logarithmic else x for x in row) for row in rows)
        for outer, by_filtration in tables.items()
        for filtration, rows in by_filtration.items()
    }


def _place(nodes: tuple[float, ...], value: float, what: str) -> tuple[int, float]:
    """Index of the cell that holds the value, and the logarithmic fraction of the way through it."""
    if not isfinite(value) or not nodes[0] <= value <= nodes[-1]:
        msg = f"{what} {value:g} is outside the tabulated {nodes[0]:g} to {nodes[-1]:g}"
        raise OutsideTableError(msg)
    index = max(i for i, node in enumerate(nodes[:-1]) if node <= value)
    return index, log(value / nodes[index]) / log(nodes[index + 1] / nodes[index])
