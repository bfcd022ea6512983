"""A report page as a reader sees it: its words, without charts and pictures."""

import re

from cds.pages.report_document import Illustrated, ReportDocuments
from tests.support.pictures import PICTURES

DOCUMENTS = ReportDocuments("Investigational: not cleared as a medical device.")


def read(result, history=(), language="en", **facts):
    """What a reader sees, charts left out."""
    shown = Illustrated(result, history, **({"pictures": PICTURES} | facts))
    html = DOCUMENTS.report(shown, language).html
    body = (
        re.sub(r"<svg.*?</svg>", " ", html[html.index("<body>") :], flags=re.DOTALL)
        .replace("<sup>3</sup>", "3")
        .replace("cm\N{SUPERSCRIPT THREE}", "cm3")
    )
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))
