"""Which codes make an order matter: a CT that would show the spine, or DXA.

Two FHIR ValueSets say so. The shipped ones lie in `value_sets/`; a site's own file replaces one, or adds to
it by including the shipped set by its url.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from cds.errors import SettingsInvalid
from cds.hooks.value_set import Code, codes_of
from cds.settings import Settings

LOINC: Final = "http://loinc.org"
CPT: Final = "http://www.ama-assn.org/go/cpt"
SNOMED_CT: Final = "http://snomed.info/sct"
RADLEX: Final = "http://www.radlex.org"

_SYSTEMS: Mapping[str, str] = MappingProxyType(
    {
        "https://loinc.org": LOINC,
        "urn:oid:2.16.840.1.113883.6.1": LOINC,
        "urn:oid:2.16.840.1.113883.6.12": CPT,
        "urn:oid:2.16.840.1.113883.6.96": SNOMED_CT,
        "http://radlex.org": RADLEX,
        "urn:oid:2.16.840.1.113883.6.256": RADLEX,
    }
)

_CT_ORDERS: Final = "http://osteocds.org/fhir/ValueSet/ct-orders"
_DXA_ORDERS: Final = "http://osteocds.org/fhir/ValueSet/dxa-orders"


def canonical(system: str) -> str:
    """One uri for each code system, however a client spells it."""
    sent = system.strip().rstrip("/")
    return _SYSTEMS.get(sent, sent)


@dataclass(frozen=True, slots=True)
class OrderCodes:
    """Both value sets, ready to be asked."""

    ct: frozenset[Code]
    dxa: frozenset[Code]
    systems: frozenset[str]
    """The code systems that either draws on."""

    @classmethod
    def of(cls, ct: Collection[Code], dxa: Collection[Code]) -> "OrderCodes":
        """A code that is sent without its system is taken for a known one of any system."""
        both = [frozenset((canonical(system), code) for system, code in codes) for codes in (ct, dxa)]
        known_ct, known_dxa = (codes | {("", code) for _, code in codes} for codes in both)
        return cls(known_ct, known_dxa, frozenset(system for codes in both for system, _ in codes))

    @classmethod
    def from_settings(cls, settings: Settings) -> "OrderCodes":
        """Raises `SettingsInvalid` where a value set of the site cannot be read or says nothing."""
        if settings.ct_orders_file is None and settings.dxa_orders_file is None:
            return shipped_order_codes()
        shipped = _shipped()
        ct = _site(settings.ct_orders_file, "OSTEOCDS_CT_ORDERS_FILE", shipped)
        dxa = _site(settings.dxa_orders_file, "OSTEOCDS_DXA_ORDERS_FILE", shipped)
        return cls.of(
            shipped[_CT_ORDERS] if ct is None else ct,
            shipped[_DXA_ORDERS] if dxa is None else dxa,
        )

    def decide(self, codes: Collection[Code]) -> Literal["dxa", "ct", "other"] | None:
        """What codes, with canonical systems, make of an order; None where the value sets know no such system."""
        if not self.dxa.isdisjoint(codes):
            return "dxa"
        if not self.ct.isdisjoint(codes):
            return "ct"
        return "other" if any(system in self.systems for system, _ in codes) else None


@lru_cache(maxsize=1)
def shipped_order_codes() -> OrderCodes:
    """What a site that configures nothing uses."""
    shipped = _shipped()
    return OrderCodes.of(shipped[_CT_ORDERS], shipped[_DXA_ORDERS])


def _shipped() -> Mapping[str, frozenset[Code]]:
    folder = resources.files("cds.hooks") / "value_sets"
    return {
        _CT_ORDERS: codes_of((folder / "ct-orders.json").read_text("utf-8"), {}),
        _DXA_ORDERS: codes_of((folder / "dxa-orders.json").read_text("utf-8"), {}),
    }


def _site(file: Path | None, setting: str, shipped: Mapping[str, frozenset[Code]]) -> frozenset[Code] | None:
    if file is None:
        return None
    try:
        return codes_of(file.read_text("utf-8-sig"), shipped)
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsInvalid(f"{setting}: {file} cannot be read ({type(fault).__name__}).") from None
    except SettingsInvalid as fault:
        raise SettingsInvalid(f"{setting}: {file}: {fault}") from None
