"""Text from a record made harmless inside GitHub Flavored Markdown.

Clients render `detail` with raw HTML allowed, and some turn bare addresses into links. So every
character that means something to Markdown or HTML becomes a character reference, and what could
be taken for an address is pulled apart.
"""

import re

_NOT_PRINTED = re.compile(r"[^\x20-\x7e]")
_MARKUP = re.compile(r"[^\w .,\-/:;%+=']|_")
_ADDRESS = re.compile(r"(?<=[^\W\d])\.(?=[^\W\d])|:(?=//)|\.(?=www)|(?<=www)\.", re.IGNORECASE)
_LONGEST = 200


def plain(text: str) -> str:
    """One line of `text` that renders as itself and as nothing else."""
    printed = _NOT_PRINTED.sub(lambda found: found[0] if found[0].isprintable() else " ", text)
    line = " ".join(printed.split())[:_LONGEST]
    apart = _ADDRESS.sub(lambda found: found[0] + " ", line.replace("@", " at "))
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", apart)
