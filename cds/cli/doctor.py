"""`osteocds doctor`: what works, what does not, and what to do about it."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import typer

from cds.cli.configuration import settings_from_environment
from cds.cli.faults import FAULT
from cds.doctor.examination import examine
from cds.doctor.finding import Finding, failed
from cds.doctor.variables import check_variables
from cds.errors import OutputNotWritable, SettingsInvalid
from cds.wiring.clock import SystemClock

_MARKS = {"ok": "ok     ", "warning": "warning", "failed": "FAILED "}


def run_doctor(json_to: str | None) -> None:
    """Look at everything, change nothing; exit status 1 where something failed."""
    findings: list[Finding] = []
    for finding in _findings():
        findings.append(finding)
        if json_to != "-":
            _tell(finding)
    if json_to == "-":
        typer.echo(_as_json(findings))
    elif json_to is not None:
        _write(Path(json_to), _as_json(findings))
    if any(each.state == "failed" for each in findings):
        raise typer.Exit(FAULT)


def _findings() -> Iterator[Finding]:
    """Settings first: without them nothing else can be looked at."""
    variables = check_variables(os.environ)
    try:
        settings = settings_from_environment()
    except SettingsInvalid as fault:
        yield failed("settings", str(fault), "mend the settings that are named; nothing else was looked at")
        if variables.state != "ok":
            yield variables
        return
    yield variables
    yield from examine(settings, SystemClock())


def _tell(finding: Finding) -> None:
    typer.echo(f"{_MARKS[finding.state]}  {finding.check}: {finding.found}")
    if finding.advice:
        typer.echo(f"         -> {finding.advice}")


def _as_json(findings: Sequence[Finding]) -> str:
    healthy = all(each.state != "failed" for each in findings)
    return json.dumps({"healthy": healthy, "findings": [asdict(each) for each in findings]}, indent=1)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as fault:
        raise OutputNotWritable(f"{path} cannot be written: {fault.strerror}") from fault
