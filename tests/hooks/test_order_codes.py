import json
import re
from datetime import date
from importlib import resources

import pytest
from fhir.resources.R4B.valueset import ValueSet
from hypothesis import given
from hypothesis import strategies as st

from cds.errors import SettingsInvalid
from cds.hooks.chart_care import is_dxa_ordered
from cds.hooks.order_codes import CPT, LOINC, RADLEX, SNOMED_CT, OrderCodes, canonical, shipped_order_codes
from cds.hooks.order_kinds import OrderKinds, shipped_kinds
from tests.support.hook_calls import a_service_request
from tests.support.hook_site import a_site, some_settings

LOCAL = "http://hospital.example.org/radiology"
_DIHEDRAL = [
    *("0123456789", "1234067895", "2340178956", "3401289567", "4012395678"),
    *("5987604321", "6598710432", "7659821043", "8765932104", "9876543210"),
]
_PERMUTED = [
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
]


def verhoeff_holds(sctid):
    """The check digit of SNOMED CT identifiers (SNOMED CT Technical Implementation Guide, 5.5)."""
    check = 0
    for place, digit in enumerate(reversed(sctid)):
        check = int(_DIHEDRAL[check][int(_PERMUTED[place % 8][int(digit)])])
    return check == 0


def mod_10_holds(loinc):
    """The check digit of LOINC (LOINC Users' Guide, appendix C)."""
    number, _, check = loinc.partition("-")
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(number))]
    return (10 - sum(value // 10 + value % 10 for value in doubled)) % 10 == int(check)


def shipped_codes():
    """(system, code) of both shipped value sets, as they stand in the files."""
    for name in ("ct-orders", "dxa-orders"):
        value_set = json.loads((resources.files("cds.hooks") / "value_sets" / f"{name}.json").read_text("utf-8"))
        for include in value_set["compose"]["include"]:
            for concept in include["concept"]:
                yield include["system"], concept["code"]


def written(path, *codes, system=LOCAL, **include):
    """A site's ValueSet file."""
    listed = {"system": system, "concept": [{"code": code} for code in codes]}
    compose = {"include": [listed, *([include] if include else [])]}
    path.write_text(json.dumps({"resourceType": "ValueSet", "compose": compose}), "utf-8")
    return path


def test_every_shipped_code_is_well_formed():
    """Check digits of LOINC and SNOMED CT hold; CPT has five digits; each code stands once."""
    shape = {LOINC: mod_10_holds, SNOMED_CT: verhoeff_holds, CPT: re.compile(r"7\d{4}").fullmatch}
    shape[RADLEX] = re.compile(r"RPID\d+").fullmatch
    codes = list(shipped_codes())

    assert not [code for system, code in codes if not shape[system](code)]
    assert len(codes) == len(set(codes)) > 250


def test_the_check_digits_can_fail():
    """The two laws above refuse neighbours of real codes."""
    assert mod_10_holds("24627-2")
    assert verhoeff_holds("169069000")
    assert not mod_10_holds("24627-3")
    assert not verhoeff_holds("169069001")


@pytest.mark.parametrize("name", ["ct-orders", "dxa-orders"])
def test_the_shipped_value_sets_are_valid_fhir(name):
    """FHIR R4, with url, sources and whose codes these are; and no descriptor of anybody."""
    value_set = json.loads((resources.files("cds.hooks") / "value_sets" / f"{name}.json").read_text("utf-8"))
    ValueSet.model_validate(value_set)
    assert value_set["url"].endswith(name)
    assert "Sources: " in value_set["purpose"]
    assert value_set["copyright"]
    assert not [each for part in value_set["compose"]["include"] for each in part["concept"] if "display" in each]


@pytest.mark.parametrize(
    "code",
    [
        *((CPT, code) for code in ("71250", "71271", "71275", "72131", "74177", "74150", "72192", "75574", "78815")),
        *((LOINC, code) for code in ("24627-2", "79086-5", "36813-4", "30620-9", "24866-6", "79073-3", "46305-9")),
        *((SNOMED_CT, code) for code in ("169069000", "419394006", "418023006", "241577003", "443271005")),
        (RADLEX, "RPID16"),
    ],
)
def test_a_ct_of_the_trunk_matters(code):
    """Chest, lung screening, heart, abdomen, pelvis, spine, whole body, PET with CT."""
    assert shipped_order_codes().decide({code}) == "ct"


@pytest.mark.parametrize(
    "code",
    [
        *(
            (CPT, code)
            for code in ("70450", "70490", "72125", "73700", "71550", "73610", "71046", "77067", "80061", "77078")
        ),
        *((LOINC, code) for code in ("24725-4", "24932-6", "36037-0", "24629-8", "36643-5", "24590-2", "25044-9")),
        *((SNOMED_CT, code) for code in ("169068008", "399208008", "241615005", "711232001")),
        (RADLEX, "RPID22"),
    ],
)
def test_anything_else_that_is_coded_does_not(code):
    """CT of head, neck, cervical spine or limb, MRI, X-ray of chest or ankle, mammography, laboratory, biopsy."""
    assert shipped_order_codes().decide({code}) == "other"


@pytest.mark.parametrize("code", [(CPT, "77080"), (LOINC, "83012-5"), (SNOMED_CT, "708690003")])
def test_dxa_is_dxa_whatever_else_is_coded(code):
    """An order of DXA that also carries a code of CT is DXA."""
    assert shipped_order_codes().decide({code}) == "dxa"
    assert shipped_order_codes().decide({code, (CPT, "71250")}) == "dxa"


def test_one_known_code_among_translations_is_enough():
    """A local code beside a LOINC code changes nothing; alone it decides nothing."""
    assert shipped_order_codes().decide({(LOCAL, "CTCH"), (LOINC, "24627-2")}) == "ct"
    assert shipped_order_codes().decide({(LOCAL, "CTCH"), (LOINC, "24725-4")}) == "other"
    assert shipped_order_codes().decide({(LOCAL, "CTCH")}) is None
    assert shipped_order_codes().decide(set()) is None


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("http://loinc.org/", LOINC),
        ("urn:oid:2.16.840.1.113883.6.1", LOINC),
        ("urn:oid:2.16.840.1.113883.6.12", CPT),
        (" urn:oid:2.16.840.1.113883.6.96", SNOMED_CT),
        ("http://radlex.org", RADLEX),
        (LOCAL, LOCAL),
    ],
)
def test_a_code_system_is_known_by_every_name(sent, meant):
    """Uri with a slash at its end, OID, another host of the same owner."""
    assert canonical(sent) == meant


def test_a_code_without_its_system_is_taken_for_a_known_one():
    """Clients leave it out; an unknown code without system decides nothing."""
    assert shipped_order_codes().decide({("", "24627-2")}) == "ct"
    assert shipped_order_codes().decide({("", "83012-5")}) == "dxa"
    assert shipped_order_codes().decide({("", "XR-7")}) is None


def test_a_site_replaces_a_value_set(tmp_path):
    """Its own file alone counts for that purpose; the other purpose keeps what is shipped."""
    codes = OrderCodes.from_settings(some_settings(ct_orders_file=written(tmp_path / "ct.json", "CTCH")))

    assert codes.decide({(LOCAL, "CTCH")}) == "ct"
    assert codes.decide({(LOCAL, "MRBR")}) == "other"
    assert codes.decide({(LOINC, "24627-2")}) == "other"
    assert codes.decide({(LOINC, "83012-5")}) == "dxa"


def test_a_site_extends_a_value_set(tmp_path):
    """A file that includes the shipped one by its url adds to it."""
    shipped = {"valueSet": ["http://osteocds.org/fhir/ValueSet/dxa-orders"]}
    file = written(tmp_path / "dxa.json", "DEXA", **shipped)
    codes = OrderCodes.from_settings(some_settings(dxa_orders_file=file))

    assert codes.decide({(LOCAL, "DEXA")}) == codes.decide({(CPT, "77080")}) == "dxa"
    assert codes.decide({(CPT, "71250")}) == "ct"


def test_an_active_order_on_record_is_dxa_by_the_same_rule(tmp_path):
    """The chart is read with the site's value set too."""
    codes = OrderCodes.from_settings(some_settings(dxa_orders_file=written(tmp_path / "dxa.json", "BD2")))
    order = a_service_request(status="active", code={"coding": [{"system": LOCAL, "code": "BD2"}]})

    assert is_dxa_ordered([order], date(2026, 3, 2), OrderKinds(codes))
    assert not is_dxa_ordered([order], date(2026, 3, 2), shipped_kinds())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, r"cannot be read \(FileNotFoundError\)"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"{}", "not a FHIR ValueSet"),
    ],
)
def test_a_broken_file_stops_the_service_at_start(tmp_path, content, said):
    """The sentence names the setting and the file; no call is ever answered with half a value set."""
    file = tmp_path / "orders.json"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(SettingsInvalid, match=f"OSTEOCDS_CT_ORDERS_FILE: .*orders.json.*{said}"):
        a_site(None, ct_orders_file=file).app()


systems = st.sampled_from([LOINC, CPT, LOCAL, ""])
codings = st.sets(st.tuples(systems, st.sampled_from(["24627-2", "71250", "77080", "83012-5", "X"])), max_size=4)


@given(codings, codings)
def test_more_codings_never_take_an_order_away(codes, more):
    """An order that matters still does, whatever other codings come with it."""
    decided = shipped_order_codes().decide(codes)

    if decided in {"ct", "dxa"}:
        assert shipped_order_codes().decide(codes | more) in {decided, "dxa"}
