import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.ct.spectrum import refuse_spectrum
from tests.support.dicom_builder import a_series

VIRTUAL = (
    *("Mono+ 70 keV", "MonoPlus 40keV", "DE_Mono_70", "MONO 70", "Mono", "Monoenergetic Plus 50", "MONO-ENERGETIC"),
    *("Monochromatic 65", "GSI 70 keV", "70keV", "keV 55", "MonoE 40keV[HU]", "VMI", "Thorax_VMI_60", "MONO_E 70"),
)
MATERIALS = (
    *("VNC", "LiverVNC 1.5", "DE_LiverVNC", "VNCa bone marrow", "VNI", "VUE", "Virtual Non Contrast", "Virtuell nativ"),
    *("Virtual unenhanced", "Iodine Map", "Iodine(Water)", "Water(Iodine)", "Iodine no Water[mg/ml]", "IodMap"),
    *("Z Effective", "Zeff", "Rho/Z", "Electron Density", "eDensity", "Uric Acid", "Calcium Suppression 25"),
    *("PURE Lumen", "Lung PBV", "HAP(Water)"),
)
DUAL = (
    *("Dual Energy", "DUAL-ENERGY CHEST", "DualEnergy", "DECT abdomen", "GSI", "Twin Beam DE", "TBDE thorax"),
    *("Spectral chest", "MULTI ENERGY", "Double énergie", "Doppelenergie"),
)
TIN = (
    *("Sn100", "Thorax_LowDose_Sn100", "SN 100", "Sn-150kV", "100Sn", "100 kV Sn", "150kVSn", "AuSn120", "Sn110 lung"),
    *("TIN", "tin filter", "Lung_Tin_filter", "Sn filter", "SN-Filter", "Zinnfilter", "Zinn", "étain", "SilverBeam"),
    *("Silver Beam lung screening", "spectral shaping", "锡"),
)
HARMLESS = (
    *("Thorax 1.0 B30f", "CT Monitoring continued", "MONOCHROME2", "monophasic", "Mono-phase abdomen", "mono phasique"),
    *("KEVIN", "2 Kevin", "Mr Keverne", "FDG_TK_KM", "Snoring", "SNR 100", "100 SNR", "SN 4711", "SN12345", "S/N 100"),
    *(
        "testing",
        "Martin",
        "continuous",
        "tint",
        "setting",
        "TDM de thorax",
        "TC DE ABDOMEN",
        "CT DE TORAX SIN CONTRASTE",
    ),
    *("without iodine", "no iodine", "non-iodine", "oral iodine", "Vue axiale", "vue de face", "model", "decide"),
    *("B30f 0.75", "M 0.5 mm", "Aug 2024", "Lung 1.25", "Standard", "W/O contrast", "iDose 4", "ASIR 40", "AIDR 3D"),
    *("C-Spine", "NATIV", "routine 120 kV", "100 kV", "Sinus", "Snapshot", "ZINNOBER", "Spectrum Health"),
    *("Aquilion", "gating", "energy", "electronic cleansing", "3.0 Br40 S3"),
)
PLACES = ("series_description", "protocol_name")


def code_of(**facts):
    """The code of the refusal of an otherwise plain series."""
    reason = refuse_spectrum(a_series(**facts))
    return None if reason is None else reason.code


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", [*VIRTUAL, *MATERIALS, *DUAL])
def test_names_of_virtual_and_dual_energy_images(name, place):
    """Each vendor's words for images that mix or split energies refuse the series."""
    assert code_of(**{place: name}) == "virtual-monoenergetic"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", TIN)
def test_names_of_filtered_scans(name, place):
    """Tin, tin with gold, or silver, written as vendors and departments do, refuse the series."""
    assert code_of(**{place: name}) == "spectral-filter"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", HARMLESS)
def test_names_that_only_look_alike(name, place):
    """Words that contain a telling one, other languages, numbers of other kinds: nothing is refused."""
    assert code_of(**{place: name}) is None


separators = st.sampled_from([" ", "_", ", ", " / "])
cases = st.sampled_from([str, str.upper, str.lower])


@given(st.sampled_from(HARMLESS), separators, st.sampled_from((*VIRTUAL, *DUAL, *MATERIALS, *TIN)), separators, cases)
def test_a_telling_name_counts_wherever_it_stands(before, first, telling, second, case):
    """Among other words, with any separator, in capitals or not, it is never overlooked."""
    assert code_of(series_description=case(f"{before}{first}{telling}{second}1.0 mm")) is not None


@given(st.lists(st.sampled_from(HARMLESS), min_size=1, max_size=4), st.sampled_from([", ", " | ", "; "]), cases)
def test_harmless_names_stay_harmless_together(names, separator, case):
    """No combination of plain names refuses."""
    assert code_of(series_description=case(separator.join(names)), protocol_name=case(names[0])) is None


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"series_description": "DE_Thorax 1.0 D30f"}, "virtual-monoenergetic"),
        ({"protocol_name": "DE_Abdomen_Routine"}, "virtual-monoenergetic"),
        ({"series_description": "DE Abdomen 2.0 D30f M_0.5"}, "virtual-monoenergetic"),
        ({"series_description": "DE Abdomen 2.0 D30f M 0.5"}, "virtual-monoenergetic"),
        ({"series_description": "TDM de thorax, M 0.5 mm"}, None),
        ({"series_description": "Abdomen F_0,6"}, "virtual-monoenergetic"),
        ({"series_description": "Abd_DE_2.0_M_0.3"}, "virtual-monoenergetic"),
        ({"multi_energy": True}, "virtual-monoenergetic"),
        ({"multi_energy": False}, None),
        ({"multi_energy": None}, None),
        *(
            ({"image_type": ("ORIGINAL", "PRIMARY", "AXIAL", value)}, "virtual-monoenergetic")
            for value in ("VMI", "MONO_E", "VNC", "MAT_SPECIFIC", "EFF_ATOMIC_NUM", "ELECTRON_DENSITY", "GSI MONO")
        ),
        ({"image_type": ("ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 SPI")}, None),
        ({"image_type": ("ORIGINAL", "PRIMARY", "AXIAL", "HELIX")}, None),
        ({"image_type": ("ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM7 SPI", "STD", "SNRG", "DET_AB")}, None),
        ({"filter_type": "SN"}, "spectral-filter"),
        ({"filter_type": "FLAT_SN"}, "spectral-filter"),
        ({"filter_type": "AuSn"}, "spectral-filter"),
        ({"filter_material": "ALUMINUM\\TIN"}, "spectral-filter"),
        ({"filter_material": "ALUMINUM\\COPPER"}, None),
        ({"filter_type": "SILVER"}, "spectral-filter"),
        *(({"filter_type": name}, None) for name in ("BODY FILTER", "FLAT", "WEDGE_3", "0", "LARGE", "AUTO", "SNAP")),
        ({"kernel": "Sa36f"}, "kernel-emulates-kvp"),
        ({"kernel": "Sd40"}, "kernel-emulates-kvp"),
        ({"series_description": "DirectDensity 2.0"}, "kernel-emulates-kvp"),
        *(({"kernel": name}, None) for name in ("B30s", "Br36", "Qr40", "STANDARD", "SOFT", "FC18", "YA", None)),
        ({"model": "NAEOTOM Alpha"}, "photon-counting"),
        ({"model": "Naeotom Alpha.Pro"}, "photon-counting"),
        ({"model": "OmniTom Elite PCD"}, "photon-counting"),
        ({"protocol_name": "PCCT thorax"}, "photon-counting"),
        *(({"model": name}, None) for name in ("SOMATOM Force", "IQon - Spectral CT", "Revolution CT", None)),
        ({}, None),
        ({"image_type": (), "kernel": None, "series_description": None, "protocol_name": None}, None),
    ],
    ids=str,
)
def test_what_attributes_tell(facts, expected):
    """Each attribute that betrays another spectrum is believed; plain ones are not suspected."""
    assert code_of(**facts) == expected


@given(st.text(max_size=40), st.text(max_size=20), st.text(max_size=10))
def test_any_text_is_judged(description, filter_type, kernel):
    """Whatever stands in the attributes, the answer is a reason with a sentence, or none."""
    reason = refuse_spectrum(a_series(series_description=description, filter_type=filter_type, kernel=kernel))

    assert reason is None or reason.text.endswith(".")
