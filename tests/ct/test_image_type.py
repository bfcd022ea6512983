import pytest

from cds.ct.image_type import refuse_image_type
from tests.support.dicom_builder import a_series

AXIAL = ("ORIGINAL", "PRIMARY", "AXIAL")


@pytest.mark.parametrize(
    ("values", "expected", "_whose"),
    [
        (AXIAL, None, "the standard"),
        ((*AXIAL, "CT_SOM5 SPI"), None, "Siemens spiral"),
        ((*AXIAL, "CT_SOM5 SEQ"), None, "Siemens sequence"),
        ((*AXIAL, "CT_SOM7 SPI DUAL", "STD", "SNRG", "DET_AB"), None, "Siemens, two tubes at one voltage"),
        ((*AXIAL, "HELIX"), None, "Philips"),
        ((*AXIAL, "VOLUME"), None, "Canon"),
        (("ORIGINAL", "PRIMARY"), None, "old"),
        (("ORIGINAL", "PRIMARY", "OTHER"), None, "geometry decides"),
        ((), None, "not recorded"),
        (("ORIGINAL", "PRIMARY", "LOCALIZER"), "localizer", "the standard"),
        (("ORIGINAL", "PRIMARY", "LOCALIZER", "CT_SOM5 TOP"), "localizer", "Siemens topogram"),
        (("DERIVED", "SECONDARY", "AXIAL", "CT_SOM5 MPR"), "derived-series", "Siemens MPR"),
        (("DERIVED", "SECONDARY", "OTHER", "CT_SOM5 PROT"), "derived-series", "Siemens dose protocol"),
        (("DERIVED", "PRIMARY", "AXIAL", "CT_SOM5 SPO"), "derived-series", "Siemens, resampled"),
        (("DERIVED", "SECONDARY", "REFORMATTED", "AVERAGE"), "derived-series", "GE"),
        (("DERIVED", "SECONDARY", "REFORMATTED", "PROJECTION IMAGE", "MIP"), "derived-series", "GE"),
        (("ORIGINAL", "SECONDARY", "AXIAL"), "derived-series", "made after the examination"),
        (("DERIVED", "SECONDARY", "MPR"), "derived-series", "Philips, Canon"),
        (("DERIVED", "PRIMARY", "AXIAL"), "derived-series", "GE, Philips; of unknown derivation"),
        (("DERIVED", "SECONDARY", "SCREEN SAVE"), "derived-series", "GE"),
        (("ORIGINAL", "PRIMARY", "AXIAL", "REFORMATTED"), "derived-series", "mislabelled"),
        (("ORIGINAL", "PRIMARY", "SCREEN_SAVE"), "derived-series", "mislabelled"),
        (("ORIGINAL", "PRIMARY", "CORONAL"), "derived-series", "mislabelled"),
        (("ORIGINAL", "PRIMARY", "AXIAL", "MIN IP"), "derived-series", "mislabelled"),
        (("ORIGINAL", "PRIMARY", "AXIAL", "DOSE REPORT"), "derived-series", "mislabelled"),
    ],
)
def test_image_types_of_the_vendors(values, expected, _whose):
    """Given an ImageType as a vendor writes it, then axial originals pass and all else is named."""
    reason = refuse_image_type(a_series(image_type=values))

    assert (None if reason is None else reason.code) == expected


@pytest.mark.parametrize(
    ("values", "lossy", "expected"),
    [
        (("DERIVED", "PRIMARY", "AXIAL"), True, None),
        (("DERIVED", "PRIMARY", "AXIAL", "CT_SOM5 SPI"), True, None),
        (("DERIVED", "PRIMARY", "AXIAL", "CT_SOM5 SPO"), True, "derived-series"),
        (("DERIVED", "SECONDARY", "AXIAL"), True, "derived-series"),
        (("DERIVED", "PRIMARY"), True, "derived-series"),
        (("DERIVED", "PRIMARY", "AXIAL"), False, "derived-series"),
    ],
)
def test_compression_is_the_one_derivation_that_is_accepted(values, lossy, expected):
    """Images derived by nothing but compression with loss are measured, and flagged for it elsewhere."""
    reason = refuse_image_type(a_series(image_type=values, lossy=lossy))

    assert (None if reason is None else reason.code) == expected


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("Topogram 0.6", "localizer"),
        ("CHEST_SCOUT", "localizer"),
        ("Surview", "localizer"),
        ("Localizers", "localizer"),
        ("Thorax MIP 8.0", "derived-series"),
        ("Lung_MIPs_ax", "derived-series"),
        ("MinIP", "derived-series"),
        ("Scouting for boys", None),
        ("Shipment", None),
        ("Thorax 1.0", None),
        (None, None),
    ],
)
def test_what_the_name_of_a_series_tells(description, expected):
    """Localizers and projections are known by name where ImageType does not say."""
    reason = refuse_image_type(a_series(series_description=description))

    assert (None if reason is None else reason.code) == expected
