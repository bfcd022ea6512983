"""What a card says of the chart: a sentence for each remark of the decision table."""

import re
from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Final

from cds.bone.words import day_words
from cds.chart import ChartFacts, DxaResult
from cds.hooks.judgement import Remark
from cds.hooks.markdown import plain

_SENTENCES: Final = MappingProxyType[Remark, str](
    {
        "no treatment on record": "Low bone density is known to the chart; no treatment on record.",
        "CT and DXA disagree": "CT and DXA disagree; spine DXA reads high with degeneration.",
        "malignancy on record": (
            "Bone metastasis, myeloma or radiotherapy of the spine is on record: the density may come from that, "
            "and is for information only."
        ),
        "medicine on record": "A medicine for bone density is on record.",
        "DXA order active": "A DXA order is active.",
        "pregnancy on record": "Pregnancy is on record: no DXA is suggested.",
    }
)
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def chart_remarks(remarks: Sequence[Remark], facts: ChartFacts) -> Sequence[str]:
    """In the order of the table."""
    return tuple(_sentences(remarks, facts))


def _sentences(remarks: Sequence[Remark], facts: ChartFacts) -> Iterator[str]:
    for remark in remarks:
        match remark:
            case "DXA on record":
                if facts.latest_dxa is not None:
                    yield _dxa(facts.latest_dxa)
            case "not checked against the chart":
                unread = ", ".join(plain(_spaced(key)) for key in facts.unread)
                yield f"Not checked against the chart: {unread}."
            case _:
                yield _SENTENCES[remark]


def _dxa(dxa: DxaResult) -> str:
    score = "without a T-score" if dxa.lowest_t_score is None else f"lowest T-score of the DXA {dxa.lowest_t_score:g}"
    return f"DXA of {day_words(dxa.measured_on)} is on record, {score}."


def _spaced(key: str) -> str:
    """Such as "DXA reports" for "dxaReports"."""
    words = _CAPITAL.sub(" ", key).replace("-", " ").replace("_", " ").lower()
    return re.sub(r"\bdxa\b", "DXA", words)
