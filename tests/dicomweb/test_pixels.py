"""Stored values become Hounsfield units."""

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless

from cds.dicomweb.attributes import DatasetAttributes
from cds.dicomweb.pixels import Unreadable, hounsfield_units, reasons_for
from cds.dicomweb.scanned_file import transfer_syntax_of
from cds.dicomweb.slices import slice_of
from tests.support.dicom_builder import a_volume, compress_with_gdcm, edit, store_unsigned, written

HU = a_volume().hu[0]


@pytest.fixture
def path(tmp_path):
    """One image."""
    return written(tmp_path)[0]


def decoded(path):
    """The HU of one file."""
    dataset = dcmread(path)
    image = slice_of(DatasetAttributes(dataset), name=path.name, transfer_syntax=transfer_syntax_of(dataset))
    return hounsfield_units(dataset, image)


def set_stored(path, values, **attributes):
    """Replace the stored values, given as 16-bit patterns."""

    def change(dataset):
        dataset.PixelData = np.asarray(values).astype("<u2").tobytes()

    edit(path, change, **attributes)


def test_signed_values_are_taken_as_they_are(path):
    """Given signed 16-bit values without rescale, then they are the HU."""
    np.testing.assert_array_equal(decoded(path), HU)


@pytest.mark.parametrize("bits_stored", [12, 13, 16])
def test_unsigned_values_take_their_intercept(path, bits_stored):
    """Given unsigned values of 12 to 16 bits and an intercept of -1024, then the HU are the same."""
    store_unsigned(path, bits_stored)

    np.testing.assert_array_equal(decoded(path), HU)


@pytest.mark.parametrize("transfer_syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
@pytest.mark.parametrize("signed", [True, False])
def test_compression_keeps_signed_and_unsigned_values(path, transfer_syntax, signed):
    """Given each lossless compression of signed and of 12-bit unsigned values, then the HU are the same."""
    if not signed:
        store_unsigned(path)
    edit(path, lambda dataset: dataset.compress(transfer_syntax, generate_instance_uid=False))

    np.testing.assert_array_equal(decoded(path), HU)


def test_jpeg_lossless_of_unsigned_values(path):
    """Given JPEG lossless of 12-bit unsigned values, then the HU are the same."""
    store_unsigned(path)
    compress_with_gdcm(path)

    np.testing.assert_array_equal(decoded(path), HU)


def test_bits_above_those_stored_are_no_part_of_the_value(path):
    """Given 12 bits stored and rubbish (an old overlay) in the upper four, then the rubbish is ignored."""
    store_unsigned(path)
    stored = np.frombuffer(dcmread(path).PixelData, "<u2")
    set_stored(path, stored | 0xA000)

    np.testing.assert_array_equal(decoded(path), HU)


def test_negative_values_of_fewer_bits_keep_their_sign(path):
    """Given signed 12-bit values without sign extension, then negative HU are negative."""
    set_stored(path, np.where(HU < -1000, -1000, HU).astype(np.int32) & 0x0FFF, BitsStored=12, HighBit=11)

    np.testing.assert_array_equal(decoded(path), np.where(HU < -1000, -1000, HU))


def test_a_fractional_slope_is_rounded_to_the_nearest_unit(path):
    """Given a slope of 0.5, then HU are rounded, not cut off."""
    set_stored(path, np.full(HU.shape, 101), RescaleSlope=0.5, RescaleIntercept=-0.2)

    assert decoded(path)[0, 0] == 50


@pytest.mark.parametrize(
    ("stored", "attributes", "expected"),
    [
        (60000, {"PixelRepresentation": 0}, 32767),
        (40000, {"PixelRepresentation": 0, "RescaleIntercept": -10000}, 30000),
        (0x8000, {"PixelRepresentation": 1, "RescaleIntercept": -1024}, -1024),
        (33000, {"PixelRepresentation": 0, "RescaleIntercept": -40000}, -1024),
    ],
)
def test_values_beyond_sixteen_bits_never_wrap_around(path, stored, attributes, expected):
    """Given extreme stored values, then HU end at the limits, and what lies outside the circle is air."""
    set_stored(path, np.full(HU.shape, stored), **attributes)

    assert decoded(path)[0, 0] == expected


@pytest.mark.parametrize(("padding", "limit"), [(-2000, None), (63536, None), (-2000, -1900), (-1900, -2000)], ids=str)
def test_padding_becomes_air(path, padding, limit):
    """Given padding named with either sign, as a value or a range in either order, then it reads -1024."""
    values = HU.astype(np.int32).copy()
    values[:4] = -2000

    def name_padding(dataset):
        vr = "US" if padding > 0 else "SS"
        dataset.add_new("PixelPaddingValue", vr, padding)
        if limit is not None:
            dataset.add_new("PixelPaddingRangeLimit", vr, limit)
        dataset.PixelData = values.astype("<i2").tobytes()

    edit(path, name_padding)

    assert (decoded(path)[:4] == -1024).all()
    np.testing.assert_array_equal(decoded(path)[4:], HU[4:])


def test_padding_of_unsigned_values_becomes_air(path):
    """Given unsigned values padded with zero, then they read -1024."""
    store_unsigned(path)
    edit(path, lambda dataset: dataset.add_new("PixelPaddingValue", "US", 0))

    np.testing.assert_array_equal(decoded(path), HU)


def test_a_padding_value_that_would_be_tissue_is_not_believed(path):
    """Given padding named as 40 HU, then soft tissue of 40 HU keeps its value."""
    set_stored(path, np.full(HU.shape, 40))
    edit(path, lambda dataset: dataset.add_new("PixelPaddingValue", "SS", 40))

    assert (decoded(path) == 40).all()


def test_what_lies_outside_the_reconstruction_circle_is_air(path):
    """Given corners filled with -3024 and no padding value, then they read -1024."""
    set_stored(path, np.full(HU.shape, -3024 & 0xFFFF))

    assert (decoded(path) == -1024).all()


def test_noise_below_air_keeps_its_value(path):
    """Given -1100 HU in noisy air, then it is not clipped: the mean of air must stay true."""
    set_stored(path, np.full(HU.shape, -1100 & 0xFFFF))

    assert (decoded(path) == -1100).all()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda dataset: dataset.__delattr__("PixelData"), "image-truncated"),
        (lambda dataset: setattr(dataset, "PixelData", dataset.PixelData[:-2]), "image-truncated"),
        (lambda dataset: setattr(dataset, "PixelData", b""), "image-truncated"),
        (lambda dataset: dataset.__delattr__("BitsAllocated"), "pixels-unreadable"),
        (lambda dataset: dataset.__delattr__("PixelRepresentation"), "pixels-unreadable"),
        (lambda dataset: setattr(dataset, "BitsStored", 40), "pixels-unreadable"),
    ],
    ids=["no pixels", "two bytes short", "empty", "no bits allocated", "no sign", "impossible bits"],
)
def test_damaged_pixel_data_is_a_reason_not_an_exception(path, change, code):
    """Given pixel data that cannot be right, then the image is named as unreadable."""
    edit(path, change)

    assert decoded(path) == Unreadable(code, path.name)


@pytest.mark.parametrize("kept", [0.3, 0.5, 0.99])
@pytest.mark.parametrize("transfer_syntax", [JPEG2000Lossless, JPEGLSLossless])
def test_a_compressed_stream_that_breaks_off_is_cut_short(path, transfer_syntax, kept):
    """Given a compressed image whose stream ends inside its fragment, then it is cut short, and not decoded."""
    edit(path, lambda dataset: dataset.compress(transfer_syntax, generate_instance_uid=False))
    edit(path, lambda dataset: replace_stream(dataset, lambda frame: frame[: int(len(frame) * kept)]))

    assert decoded(path) == Unreadable("image-truncated", path.name)


@pytest.mark.parametrize("transfer_syntax", [JPEG2000Lossless, JPEGLSLossless, RLELossless])
def test_a_damaged_compressed_stream_is_a_reason(path, transfer_syntax):
    """Given a compressed image whose first half is zeros, then it is unreadable."""
    edit(path, lambda dataset: dataset.compress(transfer_syntax, generate_instance_uid=False))
    edit(path, lambda dataset: replace_stream(dataset, lambda frame: bytes(len(frame) // 2) + frame[len(frame) // 2 :]))

    assert decoded(path) == Unreadable("pixels-unreadable", path.name)


def test_a_run_length_beyond_the_image_is_a_reason(path):
    """Given RLE with a first run that is too long, at which its decoder panics, then it is unreadable."""
    edit(path, lambda dataset: dataset.compress(RLELossless, generate_instance_uid=False))
    edit(path, lambda dataset: replace_stream(dataset, lambda frame: frame[:64] + b"\x81" + frame[65:]))

    assert decoded(path) == Unreadable("pixels-unreadable", path.name)


@pytest.mark.parametrize(
    ("transfer_syntax", "marker", "offset"), [(JPEG2000Lossless, b"\xff\x51", 6), (JPEGLSLossless, b"\xff\xf7", 5)]
)
def test_a_stream_that_declares_another_size_is_not_decoded(path, transfer_syntax, marker, offset):
    """Given a stream of a few kilobytes that declares gigabytes, then no decoder reserves them."""

    def declare_more(frame):
        place = frame.find(marker) + offset
        return frame[:place] + b"\x00\xff\xff\xff" + frame[place + 4 :]

    edit(path, lambda dataset: dataset.compress(transfer_syntax, generate_instance_uid=False))
    edit(path, lambda dataset: replace_stream(dataset, declare_more))

    assert decoded(path) == Unreadable("pixels-unreadable", path.name)


def replace_stream(dataset, change):
    """Put another compressed stream into an image."""
    (frame,) = generate_frames(dataset.PixelData, number_of_frames=1)
    dataset.PixelData = encapsulate([change(frame)])


@pytest.mark.parametrize("uid", ["1.2.840.10008.1.2.4.94", "1.2.840.10008.1.2.4.102", "1.2.3.4"])
def test_a_transfer_syntax_without_a_decoder_is_named(path, uid):
    """Given JPIP, video or a private transfer syntax, then it is named."""
    dataset = dcmread(path)
    image = slice_of(DatasetAttributes(dataset), name="one", transfer_syntax=uid)
    fault = hounsfield_units(dataset, image)

    assert fault.code == "compression-unsupported"
    assert reasons_for([fault])[0].text.startswith("The images are stored in transfer syntax ")


def test_many_faults_become_one_sentence_for_each_kind():
    """Given five truncated images and one unreadable, then both kinds are counted and the first named."""
    faults = [Unreadable("image-truncated", f"{number}.dcm") for number in range(5)]
    faults.append(Unreadable("pixels-unreadable", "9.dcm"))

    assert [reason.text for reason in reasons_for(faults)] == [
        "5 image file(s) are cut short: 0.dcm, 1.dcm, 2.dcm and 2 more.",
        "1 image(s) could not be decoded, the first: 9.dcm.",
    ]


def test_the_usual_transfer_syntax_is_assumed_where_none_is_named(path):
    """Given a file without meta information, then its transfer syntax counts as implicit little endian."""
    dataset = dcmread(path)
    assert transfer_syntax_of(dataset) == ExplicitVRLittleEndian
    del dataset.file_meta.TransferSyntaxUID

    assert transfer_syntax_of(dataset).is_implicit_VR
