"""Reads single attributes leniently: what is empty or malformed is None, never an exception.

Archives hold decades of data from hundreds of vendors. A value that PS3.5 6.2 forbids must not
hide the rest of the series, and must not print a warning for every image, so values are taken
as the bytes or JSON they came in and parsed here.
"""

import math
import re
import warnings
from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol

from pydicom.charset import convert_encodings, decode_bytes
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

_PADDING = " \x00"
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_DATE = re.compile(r"(\d{4})[.-]?(\d{2})[.-]?(\d{2})")
_AGE = re.compile(r"(\d{1,3})([DWMY])")
_AGES_PER_YEAR = {"D": 365, "W": 52, "M": 12, "Y": 1}
_EARLIEST_YEAR = 1890
_BINARY_VRS = frozenset({"US", "SS", "US or SS", "UL", "SL"})
_ESCAPE = 0x1B
_TEXT_DELIMITERS = {0x0D, 0x0A, 0x09, 0x0C}


class Attributes(Protocol):
    """The attributes of one image or series by DICOM keyword, whatever they are stored in."""

    def values(self, keyword: str) -> tuple[str, ...] | None:
        """Every value as text without padding; () when empty, None when absent."""


def text(source: Attributes, keyword: str) -> str | None:
    """All values joined by backslash, as they were; None when absent or empty."""
    return "\\".join(source.values(keyword) or ()) or None


def first_text(source: Attributes, keyword: str) -> str | None:
    """The first value; None when absent or empty."""
    values = source.values(keyword)
    return (values[0] or None) if values else None


def numbers(source: Attributes, keyword: str) -> tuple[float, ...] | None:
    """Every value as a finite number; None if there is none or any of them is not a number."""
    values = source.values(keyword)
    if not values or not all(_DECIMAL.fullmatch(value) for value in values):
        return None
    parsed = tuple(float(value) for value in values)
    return parsed if all(map(math.isfinite, parsed)) else None


def number(source: Attributes, keyword: str) -> float | None:
    """The first value as a finite number."""
    parsed = numbers(source, keyword)
    return parsed[0] if parsed else None


def whole(source: Attributes, keyword: str) -> int | None:
    """The first value as a whole number."""
    parsed = number(source, keyword)
    return int(parsed) if parsed is not None and parsed == int(parsed) else None


def day(source: Attributes, keyword: str) -> date | None:
    """The first value as a date (DA, also the older form with dots); impossible dates are None."""
    matched = _DATE.fullmatch((first_text(source, keyword) or "")[:10].rstrip())
    if matched is None:
        return None
    year, month, day_of_month = map(int, matched.groups())
    if year < _EARLIEST_YEAR:
        return None
    try:
        return date(year, month, day_of_month)
    except ValueError:
        return None


def age_in_years(source: Attributes, keyword: str) -> int | None:
    """An age (AS: "045Y", "018M") in whole years."""
    matched = _AGE.fullmatch(first_text(source, keyword) or "")
    return int(matched[1]) // _AGES_PER_YEAR[matched[2]] if matched else None


class DatasetAttributes:
    """Attributes of a pydicom Dataset, read or made."""

    def __init__(self, dataset: Dataset) -> None:
        """Keep the dataset; nothing is converted before it is asked for."""
        self._dataset = dataset

    def values(self, keyword: str) -> tuple[str, ...] | None:
        """Every value as text without padding; () when empty, None when absent."""
        tag = tag_for_keyword(keyword)
        if tag is None or tag not in self._dataset:
            return None
        element: RawDataElement | DataElement = self._dataset.get_item(tag, keep_deferred=True)
        if isinstance(element, RawDataElement):
            return self._from_bytes(element, dictionary_VR(tag))
        return _from_objects(element.value)

    def _from_bytes(self, element: RawDataElement, vr: str) -> tuple[str, ...]:
        value = element.value
        if not isinstance(value, bytes) or not value:
            return ()
        if vr in _BINARY_VRS:
            width, order = (4 if vr in ("UL", "SL") else 2), ("little" if element.is_little_endian else "big")
            return tuple(
                str(int.from_bytes(value[start : start + width], order, signed=vr in ("SS", "SL")))  # type: ignore[arg-type]
                for start in range(0, len(value) - width + 1, width)
            )
        return _split(self._decoded(value))

    def _decoded(self, value: bytes) -> str:
        if value.isascii() and _ESCAPE not in value:
            return value.decode("ascii")
        charset = self._dataset.get_item("SpecificCharacterSet") if "SpecificCharacterSet" in self._dataset else None
        named = charset.value if charset is not None else None
        names = _split(named.decode("ascii", "replace")) if isinstance(named, bytes) else _from_objects(named)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return decode_bytes(value, convert_encodings(list(names)), _TEXT_DELIMITERS)


class JsonAttributes:
    """Attributes of one object of the DICOM JSON model (PS3.18 F.2)."""

    def __init__(self, elements: Mapping[str, Any]) -> None:
        """Keep the decoded JSON object."""
        self._elements = elements

    def values(self, keyword: str) -> tuple[str, ...] | None:
        """Every value as text without padding; () when empty, None when absent."""
        tag = tag_for_keyword(keyword)
        element = self._elements.get(f"{tag:08X}") if tag is not None else None
        if not isinstance(element, Mapping):
            return None
        value = element.get("Value")
        return _from_objects(value if isinstance(value, list) else None)


def _from_objects(value: object) -> tuple[str, ...]:
    """Values as pydicom or JSON hold them; nested structures count as empty."""
    items = list(value) if isinstance(value, (list, tuple, MultiValue)) else [value]
    texts = tuple("" if item is None or isinstance(item, Mapping) else str(item).strip(_PADDING) for item in items)
    return texts if any(texts) else ()


def _split(joined: str) -> tuple[str, ...]:
    """Split at backslashes and trim the padding of each value (PS3.5 6.2)."""
    texts = tuple(part.strip(_PADDING) for part in joined.split("\\"))
    return texts if any(texts) else ()
