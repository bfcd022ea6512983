"""What the inside needs from the outside world, one sentence each, a file for each noun."""

from cds.ports.archive import ImagingArchive, StudyIndex, StudyStanding
from cds.ports.audit import NOTHING_TOLD, AuditLog, AuditRow, CallLog, Telling
from cds.ports.cards import CardFeedback, CardMemory, FeedbackCount, FeedbackLog, Recalled, ShownCard
from cds.ports.chart import ChartAccess, ChartUnreadable, FhirPages, PatientChart
from cds.ports.consent import OptOuts
from cds.ports.image_results import ImageResults, RegionStore, Rejection, ResultRefused
from cds.ports.measuring import HuCalibrator, VertebraSegmenter, VoxelKeeper
from cds.ports.metrics import MetricSample, MetricSource, MetricStore
from cds.ports.pictures import PictureState, PictureStore, ReportIllustrator
from cds.ports.progress import Progress
from cds.ports.queue import QueueBacklog, ScreeningQueue, ScreenState, ServiceHealth, Trouble
from cds.ports.reading import LinkRefused, ReaderLaunch, ReadingSessions, ReportLinks
from cds.ports.registry import Exports, ResourceStore, Subscriptions
from cds.ports.results import (
    AssessmentStore,
    Corrections,
    Decision,
    FiledResult,
    History,
    NothingFound,
    PatientHistory,
    PatientMemory,
    Remembered,
    ResultConfirmations,
    ResultPublisher,
    ResultRecipient,
    Review,
    Reviews,
    StoredResult,
)
from cds.ports.retraction import ExportedCopies, Recalls, ResultPlace, RetractionNotices, Retractions
from cds.ports.security import (
    ClientAuthentication,
    ClientRefused,
    IssuedToken,
    RegistryAuthentication,
    ReplayCache,
    TokenRefused,
)
from cds.ports.service import Clock, Readiness, ServiceModes
from cds.ports.sweep import SeenStudies, SweepLog
from cds.ports.write_back import DueDelivery, Ehr, Outbox, Outgoing

__all__ = [
    "NOTHING_TOLD",
    "AssessmentStore",
    "AuditLog",
    "AuditRow",
    "CallLog",
    "CardFeedback",
    "CardMemory",
    "ChartAccess",
    "ChartUnreadable",
    "ClientAuthentication",
    "ClientRefused",
    "Clock",
    "Corrections",
    "Decision",
    "DueDelivery",
    "Ehr",
    "ExportedCopies",
    "Exports",
    "FeedbackCount",
    "FeedbackLog",
    "FhirPages",
    "FiledResult",
    "History",
    "HuCalibrator",
    "ImageResults",
    "ImagingArchive",
    "IssuedToken",
    "LinkRefused",
    "MetricSample",
    "MetricSource",
    "MetricStore",
    "NothingFound",
    "OptOuts",
    "Outbox",
    "Outgoing",
    "PatientChart",
    "PatientHistory",
    "PatientMemory",
    "PictureState",
    "PictureStore",
    "Progress",
    "QueueBacklog",
    "ReaderLaunch",
    "Readiness",
    "ReadingSessions",
    "Recalled",
    "Recalls",
    "RegionStore",
    "RegistryAuthentication",
    "Rejection",
    "Remembered",
    "ReplayCache",
    "ReportIllustrator",
    "ReportLinks",
    "ResourceStore",
    "ResultConfirmations",
    "ResultPlace",
    "ResultPublisher",
    "ResultRecipient",
    "ResultRefused",
    "RetractionNotices",
    "Retractions",
    "Review",
    "Reviews",
    "ScreenState",
    "ScreeningQueue",
    "SeenStudies",
    "ServiceHealth",
    "ServiceModes",
    "ShownCard",
    "StoredResult",
    "StudyIndex",
    "StudyStanding",
    "Subscriptions",
    "SweepLog",
    "Telling",
    "TokenRefused",
    "Trouble",
    "VertebraSegmenter",
    "VoxelKeeper",
]
