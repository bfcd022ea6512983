"""Every coded concept of our DICOM objects.

SNOMED CT codes are those of the value sets of PS3.16, which may be used in DICOM objects without a
licence of one's own. There is no standard code for a vertebral vBMD by CT, so values carry the
codes of our FHIR code systems under 99OSTEOCDS; the codes of DXA mean another quantity and never
appear.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import CodedConcept
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from cds.bone.anatomy import VertebralLevel
from cds.bone.regions import RegionKind
from cds.ports import Rejection

_SCHEME: Final = "99OSTEOCDS"
_LONGEST_MEANING: Final = 64

CODING_SCHEMES: Final = (
    CodingSchemeIdentificationItem(
        designator=_SCHEME, name="osteocds measurement codes", responsible_organization="osteocds"
    ),
)

VERTEBRA: Final[Mapping[VertebralLevel, Code]] = MappingProxyType(
    {level: getattr(codes.cid7603, f"{level.value}Vertebra") for level in VertebralLevel}
)
LUMBAR_SPINE: Final = codes.SCT.LumbarSpine

PROPERTY_CATEGORY: Final[Mapping[RegionKind, Code]] = MappingProxyType(
    {"vertebral-body": codes.SCT.AnatomicalStructure, "trabecular-roi": codes.SCT.SpatialAndRelationalConcept}
)
SEGMENTATION: Final = codes.cid7203.SegmentationImageDerivation
SOURCE_IMAGE: Final = codes.cid7202.SourceImageForImageProcessingOperation
ARTIFICIAL_INTELLIGENCE: Final = codes.cid7162.ArtificialIntelligence

MEAN_HU: Final = codes.DCM.MeanAttenuationCoefficient
SD_HU: Final = codes.DCM.StandardDeviationOfAttenuationCoefficient
VOLUME: Final = codes.SCT.Volume
Z_SCORE: Final = codes.DCM.ZScore

HOUNSFIELD: Final = codes.UCUM.HounsfieldUnit
MG_PER_CM3: Final = codes.UCUM.MilligramsPerCubicCentimeter
CM3: Final = codes.UCUM.CubicCentimeter
PERCENT: Final = codes.UCUM.Percent
FRACTION: Final = Code("1", "UCUM", "no units")
Z_SCORE_UNIT: Final = Code("{Z-score}", "UCUM", "Z-score")

YES: Final = codes.SCT.Yes
NO: Final = codes.SCT.No

REJECTED: Final[Mapping[Rejection, Code]] = MappingProxyType(
    {
        "patient-safety": codes.DCM.RejectedForPatientSafetyReasons,
        "quality": codes.DCM.RejectedForQualityReasons,
        "retention": codes.DCM.DataRetentionPolicyExpired,
    }
)
"""Titles of rejection notes (PS3.16 CID 7011; IHE Imaging Object Change Management)."""


def own(code: str, meaning: str | None = None) -> CodedConcept:
    """A concept of ours; without a meaning, the code in words says it."""
    return CodedConcept(code, _SCHEME, (meaning or code.replace("-", " "))[:_LONGEST_MEANING])
