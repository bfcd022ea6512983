"""What an order is for: DXA, a CT that would show the spine, or neither. Only the first two matter.

not a ServiceRequest, or "do not perform"                  -> other
coded: in the value set of DXA orders                      -> dxa
       in the value set of CT orders                       -> ct
       else, in a code system that these sets draw on      -> other: the value sets decide alone
not so coded, with DXA in its name                         -> dxa
       a category, and none under which CT is ordered      -> other
       a name: CT or PET, of trunk or no region, no guide  -> ct
       any other name                                      -> other
neither usable code nor name                               -> ct: some clients send `code.coding: [{}]` until the
                                                              order is placed; a site may choose other

A hospital's own codes are "not so coded" until its value set names some of them. Names are read in English.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from cds.hooks.concepts import codings_of, listed, names_of
from cds.hooks.messages import Resource
from cds.hooks.order_codes import OrderCodes, canonical, shipped_order_codes
from cds.hooks.value_set import Code

OrderKind = Literal["dxa", "ct", "other"]

_DXA_NAME = re.compile(r"\bde?xa\b|absorptiometry", re.IGNORECASE)
_CT_NAME = re.compile(
    r"\b(?:(?:ld|hr|nc|ce|cc|pet)?ct|c?cta|ct(?:pa|ap|u|c|v|kub|cap)|cat[ -]scan|pet)s?\b"
    r"|comput\w+ (?:axial )?tomogra|positron emission|virtual colonoscopy|calcium scor",
    re.IGNORECASE,
)
_NO_EXAMINATION = re.compile(r"guid(?:ed|ance)|biops|naat|chlamyd|gono|optical coherence|cone[ -]beam", re.IGNORECASE)
_NECK_OF_THE_SPINE = re.compile(r"\b(?:c|cervical)[ -]?(?:vertebra\w*|spine)\b", re.IGNORECASE)
_TRUNK = re.compile(
    r"chest|thora|lung|pulmon|cardi|coronar|heart|aort|abdom|pelvi|spin|lumb|vertebra|body|trunk|torso|colon|enterogra"
    r"|urogra|renal|kidney|liver|pancrea|to (?:mid[ -]?)?thigh|\bkub\b|\bct(?:pa|ap|cap|kub|u|c)\b",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"\b(?:head|brain|skull|crani|cereb|neck|cervical|carotid|sinus|orbit|fac(?:e|ial)\b|maxill|mandib|dent|teeth|jaw|tmj"
    r"|tempor|mastoid|petrous|ear\b|iac\b|pituit|sella|naso|laryn|shoulder|clavic|scapul|humer|arm\b|elbow|forearm|wrist"
    r"|hand|finger|thumb|hip|femur|femoral|thigh|knee|tibia|leg\b|ankle|foot|feet|calcan|heel|toe|extremit|limb)",
    re.IGNORECASE,
)

CT_CATEGORIES: Final = frozenset(
    {
        *("imaging", "LP29684-5", "363679005"),  # HL7 observation-category, LOINC, SNOMED CT
        *("RAD", "IMG", "CT", "NMS"),  # HL7 v2-0074; PET with CT may be ordered as nuclear medicine
    }
)
UNSPECIFIC_CATEGORIES: Final = frozenset({"103693007"})
"""SNOMED CT categories that cover imaging and much else."""
_CT_CATEGORY_NAME = re.compile(r"imaging|radiolog|tomogra|nuclear|\b(?:ct|pet)\b", re.IGNORECASE)
_LONGEST_NAME = 1000
"""Characters; what follows is not read, so that no name takes long to read."""


@dataclass(frozen=True, slots=True)
class OrderKinds:
    """The rule above with a site's value sets."""

    codes: OrderCodes
    unnamed_orders_count: bool = True

    def kind_of(self, order: Resource) -> OrderKind:
        """What the table in the module says."""
        if order.get("resourceType") != "ServiceRequest" or order.get("doNotPerform") is True:
            return "other"
        code = order.get("code")
        return self.codes.decide(frozenset(_codes(code))) or self._by_words(
            " ".join(names_of(code))[:_LONGEST_NAME], order
        )

    def _by_words(self, name: str, order: Resource) -> OrderKind:
        if _DXA_NAME.search(name):
            return "dxa"
        categories = [each for each in listed(order.get("category")) if _names_a_kind(each)]
        if categories and not any(_may_hold_ct(each) for each in categories):
            return "other"
        if name:
            return "ct" if _is_ct_of_the_trunk(name) else "other"
        return "ct" if self.unnamed_orders_count else "other"


def shipped_kinds() -> OrderKinds:
    """The rule with the shipped value sets."""
    return OrderKinds(shipped_order_codes())


def _is_ct_of_the_trunk(name: str) -> bool:
    if not _CT_NAME.search(name) or _NO_EXAMINATION.search(name):
        return False
    name = _NECK_OF_THE_SPINE.sub("neck", name)
    return _TRUNK.search(name) is not None or _ELSEWHERE.search(name) is None


def _names_a_kind(category: object) -> bool:
    named = {code for _, code in _codes(category)}
    return bool(named - UNSPECIFIC_CATEGORIES) or (not named and any(names_of(category)))


def _may_hold_ct(category: object) -> bool:
    by_code = any(code in CT_CATEGORIES for _, code in _codes(category))
    return by_code or any(_CT_CATEGORY_NAME.search(name) for name in names_of(category))


def _codes(concept: object) -> Iterator[Code]:
    for coding in codings_of(concept):
        code, system = coding.get("code"), coding.get("system")
        if isinstance(code, str) and code.strip():
            yield canonical(system) if isinstance(system, str) else "", code.strip()
