"""Text from a record made harmless inside GitHub Flavored Markdown.

Clients render `detail` with raw HTML allowed, and some turn bare addresses into links. So every
character that means something to Markdown or HTML becomes a character reference, and what could
be taken for an address is pulled apart.
"""

import re

_PLAIN = frozenset(" .,-/:;%+='")
_ADDRESS = re.compile(r"(?<=[^\W\d])\.(?=[^\W\d])|:(?=//)|\.(?=www)|(?<=www)\.", re.IGNORECASE)
_LONGEST = 200


def plain(text: str) -> str:
    """One line of `text` that renders as itself and as nothing else."""
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())[:_LONGEST]
    apart = _ADDRESS.sub(lambda found: found[0] + " ", line.replace("@", " at "))
    return "".join(each if each.isalnum() or each in _PLAIN else f"&#{ord(each)};" for each in apart)
