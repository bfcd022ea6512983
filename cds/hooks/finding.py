"""A digest of what a card tells: the same digest, nothing new to tell."""

import hashlib

from cds.bone.assessment import Assessment
from cds.bone.words import fractured_levels, interval_words, mg_words


def finding_of(assessment: Assessment) -> str:
    """Over category, value and interval as they are written, possible fractures, and reasons."""
    value = "" if assessment.vbmd_mg_cm3 is None else mg_words(assessment.vbmd_mg_cm3)
    interval = "" if assessment.ci95_mg_cm3 is None else interval_words(assessment.ci95_mg_cm3)
    fractures = [level.value for level in fractured_levels(assessment)]
    reasons = sorted(reason.code for reason in assessment.reasons)
    told = [assessment.status, assessment.category or "", value, interval, *fractures, *reasons]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
