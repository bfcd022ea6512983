"""Our code systems as FHIR Shorthand: a CodeSystem and the ValueSet of all its codes, one file each."""

from cds.reporting.terminology import CodeSystem


def fsh_of(system: CodeSystem) -> str:
    """The text of `input/fsh/codes/ID.fsh`."""
    name = "".join(part.capitalize() for part in system.id.split("-"))
    concepts = [
        f"* #{code} {_quoted(concept.display)}" + (f" {_quoted(concept.definition)}" if concept.definition else "")
        for code, concept in system.concepts.items()
    ]
    lines = [
        "// Written by `make profiles` from cds/reporting/terminology.py: edit there.",
        f"CodeSystem: {name}Codes",
        f"Id: {system.id}",
        f"Title: {_quoted(system.title)}",
        f"Description: {_quoted(f'{system.title}: every code that osteocds emits.')}",
        "* ^caseSensitive = true",
        "* ^experimental = false",
        *concepts,
        "",
        f"ValueSet: {name}",
        f"Id: {system.id}",
        f"Title: {_quoted(system.title)}",
        f"Description: {_quoted(f'All codes of the code system {system.id}.')}",
        "* ^experimental = false",
        f"* include codes from system {name}Codes",
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
