"""A digest of what a card tells: the same digest, nothing new to tell."""

import hashlib

from cds.bone.assessment import Assessment
from cds.bone.words import fractured_levels, mg_words, whole_mg_cm3


def finding_of(assessment: Assessment) -> str:
    """Over category, value, interval in whole mg/cm3, possible fractures, and reasons.

    Not over the words of the card: users who were told before would be told the same result as another one.
    """
    value = "" if assessment.vbmd_mg_cm3 is None else mg_words(assessment.vbmd_mg_cm3)
    interval = "-".join(str(whole_mg_cm3(end)) for end in assessment.ci95_mg_cm3 or ())
    fractures = [level.value for level in fractured_levels(assessment)]
    reasons = sorted(reason.code for reason in assessment.reasons)
    told = [assessment.status, assessment.category or "", value, interval, *fractures, *reasons]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
