"""Series of files, assembled."""

from pydicom import dcmread

from cds.ct.reason import NotAssessable
from cds.dicomweb.assembly import assemble_volume
from cds.dicomweb.attributes import DatasetAttributes
from cds.dicomweb.scanned_file import transfer_syntax_of
from cds.dicomweb.slices import slice_of
from tests.support.dicom_builder import a_series


def assembled(paths, series=None):
    """What the files give, taken in the order of `paths`."""
    datasets = [dcmread(path) for path in paths]
    return of_datasets(datasets, series)


def of_datasets(datasets, series=None):
    """What datasets give, in their order."""
    images = [
        (slice_of(DatasetAttributes(one), name=f"image {number}", transfer_syntax=transfer_syntax_of(one)), one)
        for number, one in enumerate(datasets)
    ]
    return assemble_volume(images, series or a_series())


def reason(result):
    """The one reason for which a result was refused."""
    assert isinstance(result, NotAssessable)
    assert len(result.reasons) == 1
    return result.reasons[0]


class Loaded(list):
    """Datasets, with a name short enough for a report."""

    def __repr__(self):
        return f"{len(self)} datasets"
