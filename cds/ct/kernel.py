"""How sharp a reconstruction kernel is, from its name alone.

Sharp kernels raise noise and overshoot at edges; the mean over a large trabecular region moves
little, so sharpness is a preference and a flag, not a refusal. Names as vendors document them:
Siemens letter(s) + number (B30f, Br40, Bl57), GE words (STANDARD, BONEPLUS), Philips letters
(B, YC), Canon/Toshiba FC + number (FC08, FC52).
"""

import re
from typing import Literal

Sharpness = Literal["soft", "medium", "sharp", "unknown"]

_SHARP_WORDS = re.compile(r"LUNG|BONE|EDGE|SHARP|ULTRA|INNER ?EAR")
_SOFT_WORDS = re.compile(r"SOFT|SMOOTH")
_MEDIUM_WORDS = re.compile(r"STAND|STND|\bSTD|DETAIL|CH(E)?ST|BODY|ROUTINE")
_CANON = re.compile(r"FC(\d{2})")
_SIEMENS = re.compile(r"[A-Z]{1,2}(\d{2})[A-Z]?")
_PHILIPS: dict[str, Sharpness] = {
    **dict.fromkeys(("A", "YA", "XA"), "soft"),
    **dict.fromkeys(("B", "C", "YB", "XB", "EB"), "medium"),
    **dict.fromkeys(("D", "E", "L", "YC", "YD", "YE", "YL", "XC", "EC"), "sharp"),
}
_EMULATES_OTHER_KVP = re.compile(r"S[AD]\d{2}")

_SIEMENS_MEDIUM_FROM, _SIEMENS_SHARP_FROM = 37, 55
_CANON_MEDIUM_FROM, _CANON_SHARP_FROM = 10, 30


def sharpness(kernel: str | None) -> Sharpness:
    """Soft, medium or sharp; "unknown" for an absent or unfamiliar name."""
    name = (kernel or "").strip().upper()
    if name in _PHILIPS:
        return _PHILIPS[name]
    if canon := _CANON.match(name):
        return _banded(int(canon[1]), _CANON_MEDIUM_FROM, _CANON_SHARP_FROM)
    if siemens := _SIEMENS.fullmatch(name):
        return _banded(int(siemens[1]), _SIEMENS_MEDIUM_FROM, _SIEMENS_SHARP_FROM)
    for words, found in ((_SHARP_WORDS, "sharp"), (_SOFT_WORDS, "soft"), (_MEDIUM_WORDS, "medium")):
        if words.search(name):
            return found  # type: ignore[return-value]
    return "unknown"


def emulates_other_kvp(kernel: str | None) -> bool:
    """Whether the kernel makes every tube voltage look alike: Siemens Sa36 (120 kVp), Sd36 (DirectDensity)."""
    return _EMULATES_OTHER_KVP.match((kernel or "").strip().upper()) is not None


def _banded(number: int, medium_from: int, sharp_from: int) -> Sharpness:
    if number < medium_from:
        return "soft"
    return "medium" if number < sharp_from else "sharp"
