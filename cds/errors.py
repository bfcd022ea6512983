"""Every error that osteocds raises on purpose.

    OsteocdsError
    +-- InputUnusable        the input cannot be worked on at all (exit status 2)
    |   +-- NoCtFound            no CT in the folder, or nothing that is DICOM
    |   +-- TwoPatients          one input holds more than one patient
    |   +-- CalibrationUnusable  no calibration can be made from a table of rods or pairs
    |   +-- OutputNotWritable    the result could not be written where asked
    |   +-- ResultUnknown        no result has this id, or it is no longer shown
    |   `-- RecallUnclear        it is not said which results are to be taken back, or why
    +-- ArchiveUnavailable   the imaging archive cannot be asked now; try again later
    |   `-- ArchiveTooSlow       it sends, but a series would take too long
    +-- StudyVanished        what the archive offered before is no longer there
    +-- SeriesUnusable       the archive answers, but what it sends of one series says nothing about the CT
    +-- LinkRefused          a report link has expired or is not ours (`cds.ports`)
    +-- ClientRefused        a call without proof of who makes it (`cds.ports`)
    +-- TokenRefused         no access token for a registry (`cds.ports`)
    +-- Refused              a call of the registry API gets an OperationOutcome (`cds.registry.refusals`)
    +-- ChartUnreadable      the chart could not be read, or may not be (`cds.ports`)
    +-- EhrUnavailable       an EHR cannot take a result now; it is tried again (`cds.ehr`)
    +-- EhrRefused           an EHR will not take a result (`cds.ehr`)
    +-- PatientUnresolved    an EHR does not say who the patient is (`cds.ehr`)
    +-- ReviewOvertaken      somebody else reviewed the result at the same moment
    +-- CorrectionImpossible the value cannot be computed anew from what was stored (`cds.correction`)
    +-- QueueUnavailable     work cannot be queued now
    +-- RecordsUnavailable   the application database cannot be used now; try again later
    +-- SegmenterFailed      the site's own segmenter gave no usable answer for this CT
    +-- VersionWithdrawn     what would be measured with was withdrawn; nothing is published with it
    +-- SettingsInvalid      a setting is missing or wrong; the message names it
    +-- SampleUnavailable    the public sample could not be fetched or verified

"Not assessable" is not here: it is a value with a reason (`cds.ct.reason`).
No message carries patient data.
"""


class OsteocdsError(Exception):
    """Root of the tree: what happened, where, and what to do, in one sentence."""


class InputUnusable(OsteocdsError):
    """The input cannot be worked on at all."""


class NoCtFound(InputUnusable):
    """There is no CT image where one was expected."""


class TwoPatients(InputUnusable):
    """One input holds images of more than one patient."""


class CalibrationUnusable(InputUnusable):
    """A table of phantom rods or QCT pairs cannot be read, or no believable calibration follows from it."""


class OutputNotWritable(InputUnusable):
    """The result cannot be written where the caller asked."""


class ResultUnknown(InputUnusable):
    """There is no such result, or it was withdrawn; the id says nothing about a patient."""


class RecallUnclear(InputUnusable):
    """Which results are meant, by whom they are taken back or why is not said; nothing was touched."""


class ReviewOvertaken(OsteocdsError):
    """The result changed while it was being reviewed; look again before you decide."""


class ArchiveUnavailable(OsteocdsError):
    """The archive did not answer, or not usefully; the same request may succeed later."""


class ArchiveTooSlow(ArchiveUnavailable):
    """The archive took longer to send a series than the site allows; at once again it would be as slow."""


class QueueUnavailable(OsteocdsError):
    """The queue cannot be reached, or was never prepared; nothing was queued."""


class RecordsUnavailable(OsteocdsError):
    """The application database is away, full or locked; the same step may succeed later."""


class SegmenterFailed(OsteocdsError):
    """The segmenter that the site chose broke, took too long, or answered with something that is no label map."""


class StudyVanished(OsteocdsError):
    """A series that was offered earlier is gone from the archive."""


class SeriesUnusable(OsteocdsError):
    """The archive answers, but sends too few images of a series or none that is DICOM; others are not concerned."""


class VersionWithdrawn(OsteocdsError):
    """A model version or coefficient file that an operator has withdrawn is still in use."""


class SettingsInvalid(OsteocdsError):
    """A setting is missing or contradicts another; the message names it."""


class SampleUnavailable(OsteocdsError):
    """The public sample CT could not be fetched, or is not what it should be."""
