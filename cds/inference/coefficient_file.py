"""Coefficient documents as files: named after what they hold for, never over an older one."""

import re
from collections.abc import Sequence
from pathlib import Path

from cds.errors import OutputNotWritable
from cds.inference.coefficient_document import MeasuredDocument

_NO_NAME = re.compile(r"[^a-z0-9.]+")


def file_name(document: MeasuredDocument) -> str:
    """Such as maker_scanner-64_ct1_120kvp_b30f_phantom-mindways-model-3_2026-03-01.json."""
    scanner = document.scanner
    parts = (
        scanner.manufacturer,
        scanner.model,
        *([scanner.station] if scanner.station else []),
        f"{document.kvp:g}kvp",
        *document.kernels,
        f"{document.kind} {document.phantom}",
        str(document.measured),
    )
    return "_".join(_NO_NAME.sub("-", part.lower()).strip("-.") or "x" for part in parts) + ".json"


def write_documents(documents: Sequence[MeasuredDocument], folder: Path) -> list[Path]:
    """One file each; all or none where a name is taken. Raises `OutputNotWritable`."""
    paths = [folder / file_name(document) for document in documents]
    for at, path in enumerate(paths):
        if path.exists() or path in paths[:at]:
            raise OutputNotWritable(f"{path} is there already; move it away, or choose another folder with --out")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, document in zip(paths, documents, strict=True):
            path.write_text(document.model_dump_json(indent=1, exclude_none=True) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputNotWritable(f"{folder} cannot be written to: {error.strerror}") from error
    return paths
