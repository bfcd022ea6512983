"""What a label means, told from its name: a vertebra, its body, or a tissue that helps.

Names are those of MONAI bundles and of TotalSegmentator (`vertebrae_L1`, `aorta`, `autochthon_left`),
and what people make of them (`L1`, `L1 body`, `Th12`, `spinal canal`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from cds.bone.anatomy import VertebralLevel

Kind = Literal["vertebra", "body", "aorta", "spinal_canal", "paraspinal_muscle", "rib", "sacrum", "other"]

COLUMN: Final = (
    *(f"C{number}" for number in range(1, 8)),
    *(f"T{number}" for number in range(1, 14)),
    *(f"L{number}" for number in range(1, 7)),
)
"""Every name that a vertebra can have, cranial to caudal. T13 and L6 are transitional anatomy."""

_VERTEBRA_WORDS = frozenset({"vertebra", "vertebrae", "vertebral", "level"})
_BODY_WORDS = frozenset({"body", "bodies", "corpus"})
_LEVEL = re.compile(r"(c|th?|l)([1-9]\d?)")
_TISSUES: Mapping[frozenset[str], Kind] = {
    frozenset({"aorta"}): "aorta",
    frozenset({"spinal", "cord"}): "spinal_canal",
    frozenset({"spinal", "canal"}): "spinal_canal",
    frozenset({"vertebral", "canal"}): "spinal_canal",
    frozenset({"autochthon"}): "paraspinal_muscle",
    frozenset({"paraspinal", "muscle"}): "paraspinal_muscle",
    frozenset({"erector", "spinae"}): "paraspinal_muscle",
    frozenset({"sacrum"}): "sacrum",
    frozenset({"s1"}): "sacrum",
    frozenset({"rib"}): "rib",
}
_PLURALS = {"ribs": "rib", "muscles": "muscle", "aortae": "aorta"}
_SIDES = frozenset({"left", "right"})


@dataclass(frozen=True, slots=True)
class Structure:
    """What a label stands for; `level` names a vertebra and is None for everything else."""

    kind: Kind
    level: str | None = None


OTHER: Final = Structure("other")


def structure_of(name: str) -> Structure:
    """The meaning of one label's name; `other` for whatever the measurement does not need."""
    words = {_PLURALS.get(word, word) for word in re.findall(r"[a-z]+\d*|\d+", name.lower())} - _SIDES
    tissue = _TISSUES.get(frozenset(words - {word for word in words if word.isdigit()}))
    if tissue is not None:
        return Structure(tissue)
    rest = words - _VERTEBRA_WORDS - _BODY_WORDS
    if rest == {"s1"} and not words & _BODY_WORDS:
        return Structure("sacrum")
    if len(rest) != 1:
        return OTHER
    found = _LEVEL.fullmatch(rest.pop())
    level = "" if found is None else f"{found[1][0].upper()}{found[2]}"
    if level not in COLUMN:
        return OTHER
    return Structure("body" if words & _BODY_WORDS else "vertebra", level)


def structures_of(names: Mapping[int, str]) -> dict[int, Structure]:
    """Label to meaning, without those that do not matter.

    Where a level has a label for its body and one for the whole vertebra, the body counts. Raises
    ValueError where two labels claim the same, or where no label names a vertebra that can be measured.
    """
    found = {label: structure_of(name) for label, name in names.items() if label != 0}
    bodies = {each.level for each in found.values() if each.kind == "body"}
    chosen = {
        label: each
        for label, each in found.items()
        if each.kind != "other" and not (each.kind == "vertebra" and each.level in bodies)
    }
    levels = [each.level for each in chosen.values() if each.level is not None]
    twice = sorted({level for level in levels if levels.count(level) > 1})
    if twice:
        raise ValueError(f"two labels are called {twice[0]}")
    if not set(levels) & set(VertebralLevel):
        shown = ", ".join(repr(name) for name in list(names.values())[:8])
        raise ValueError(
            f"no label is named for a vertebra from T7 to L5 (it names {shown or 'none'}); "
            "call them vertebrae_L1 or L1, or body_L1 where a label covers the body alone"
        )
    return chosen
