"""Several threads decode what one would have decoded, in the same order, and hold no more than they need."""

import threading
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless

from cds.dicomweb.attributes import DatasetAttributes
from cds.dicomweb.decoding import decoded, decoding_threads
from cds.dicomweb.pixels import Unreadable, hounsfield_units
from cds.dicomweb.scanned_file import transfer_syntax_of
from cds.dicomweb.slices import slice_of

SYNTAXES = (ExplicitVRLittleEndian, RLELossless, JPEGLSLossless, JPEG2000Lossless)


def an_image(number: int, syntax: str = ExplicitVRLittleEndian, kind: type[Dataset] = Dataset):
    """64 x 72 pixels that no other number has."""
    dataset = kind()
    dataset.file_meta = Dataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 64, 72, 1
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", f"2.25.{number + 1}"
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1000
    dataset.PixelData = np.random.default_rng(number).integers(0, 2000, (64, 72), np.int16).tobytes()
    if syntax != ExplicitVRLittleEndian:
        dataset.compress(syntax, generate_instance_uid=False)
    image = slice_of(DatasetAttributes(dataset), name=f"image {number}", transfer_syntax=transfer_syntax_of(dataset))
    return image, dataset


IMAGES = {(number, syntax): an_image(number, syntax) for number in range(3) for syntax in SYNTAXES}


@given(st.lists(st.sampled_from(sorted(IMAGES)), max_size=12), st.integers(1, 4))
def test_threads_give_what_one_after_the_other_gives(which, threads):
    """Any images in any order: the same pixels, in the order of arrival."""
    images = [IMAGES[each] for each in which]
    expected = [hounsfield_units(dataset, image) for image, dataset in images]
    found = list(decoded(images, threads))
    assert len(found) == len(expected)
    assert all(map(np.array_equal, found, expected))


def test_a_damaged_image_keeps_its_place():
    """What cannot be read is told where it stands."""
    image, dataset = an_image(1)
    found = list(decoded([an_image(0), (replace(image, rows=7, columns=999), dataset), an_image(2)], threads=2))
    assert [isinstance(each, Unreadable) for each in found] == [False, True, False]


@given(st.integers(1, 4), st.integers(1, 20))
def test_little_is_read_ahead(threads, count):
    """However slow the caller is, `threads` + 2 images at most are in hand."""
    taken = 0

    def arriving():
        nonlocal taken
        for number in range(count):
            taken += 1
            yield IMAGES[(number % 3, ExplicitVRLittleEndian)]

    for given_out, _ in enumerate(decoded(arriving(), threads)):
        assert taken - given_out <= threads + 2


class MeetsAnother(Dataset):
    """Its pixels are given out only while another image's are being asked for."""

    barrier = threading.Barrier(2)

    def get_item(self, *key, **options):
        """As pydicom's; waits at most five seconds."""
        if key == ("PixelData",):
            self.barrier.wait(5.0)
        return super().get_item(*key, **options)


def test_two_threads_decode_at_the_same_time():
    """Two images that wait for each other both come out."""
    found = list(decoded([an_image(number, kind=MeetsAnother) for number in range(2)], threads=2))
    assert [each.shape for each in found] == [(64, 72), (64, 72)]


def test_what_the_archive_raises_is_raised_and_no_thread_stays():
    """A connection that breaks in the middle of a series."""

    def breaking():
        yield an_image(0)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        list(decoded(breaking(), threads=3))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode")]


def test_a_caller_that_stops_ends_the_source():
    """After enough faults nothing more is asked of the archive."""
    ended = threading.Event()

    def arriving():
        try:
            while True:
                yield an_image(0)
        finally:
            ended.set()

    with closing(decoded(source := arriving(), threads=2)) as pixels:
        next(pixels)
    source.close()
    assert ended.is_set()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode")]


def test_threads_follow_the_setting_up_to_a_limit():
    """As many as the operator says; a large machine does not hold a hundred images."""
    assert decoding_threads(2) == 2
    assert decoding_threads(64) == 8
    assert 1 <= decoding_threads(None) <= 8
