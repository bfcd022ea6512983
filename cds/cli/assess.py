"""`osteocds assess`: one folder in, one assessment out.

look at every file -> one patient? -> choose a series -> measure -> table or record
"""

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.text import Text

import cds
from cds.bone.assess import not_assessable
from cds.bone.assessment import Assessment, Software
from cds.bone.left_out import left_out_by
from cds.bone.measured_ct import Measured
from cds.bone.record import to_record
from cds.cli.configuration import read_settings, refuse_unknown_population, tell_expired_calibrations
from cds.cli.progress import progress_bar
from cds.cli.tables import assessment_view
from cds.ct.acquisition import CtSeries
from cds.ct.reason import because
from cds.ct.selection import Selection, SelectionPolicy, select_series
from cds.dicomweb.findings import Finding
from cds.dicomweb.folder import FolderArchive
from cds.dicomweb.folder_scan import FolderScan
from cds.errors import NoCtFound, OutputNotWritable
from cds.inference.generation import current_generation
from cds.measurement import measure_first_assessable
from cds.ports import Progress, ResultRefused
from cds.screening import SERIES_TRIED
from cds.settings import Settings

STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class AssessRequest:
    """What the command line asked for."""

    dicom_dir: Path
    json_to: str | None = None
    series_uid: str | None = None
    all_levels: bool = False
    population: str | None = None
    seg_to: Path | None = None
    sr_to: Path | None = None
    report_to: Path | None = None
    png_dir: Path | None = None
    language: str | None = None
    """Of the report."""

    @property
    def outputs(self) -> dict[str, Path]:
        """The files to write, by option."""
        asked = {"--json": self.json_to, "--seg": self.seg_to, "--sr": self.sr_to, "--report": self.report_to}
        return {option: Path(name) for option, name in asked.items() if name not in (None, STANDARD_OUTPUT)}


def run_assess(request: AssessRequest) -> None:
    """Measure and print; raises `InputUnusable` before any work where input or output cannot be used."""
    _refuse_unwritable(request)
    refuse_unknown_population(request.population, "--population")
    settings = read_settings()
    tell_expired_calibrations(settings)
    errors = Console(stderr=True)
    with progress_bar(errors) as report:
        archive = FolderArchive(request.dicom_dir)
        scan = archive.scan(report)
        scan.only_patient()
        today = datetime.now(UTC).date()
        selection = select_series(_asked_for(request, scan.series), SelectionPolicy(max_age_days=None, today=today))
        measured = _assess(request, settings, archive, selection, report)
        assessment = _with_truncation(measured.assessment, scan)
    _tell_what_was_left_out(errors, scan.findings, selection, assessment)
    _put_out(request, settings, assessment, scan.findings)
    _put_out_objects(request, settings, archive, measured)
    _put_out_report(request, settings, replace(measured, assessment=assessment))


def _asked_for(request: AssessRequest, found: Sequence[CtSeries]) -> Sequence[CtSeries]:
    if request.series_uid is None:
        return found
    wanted = [series for series in found if series.series_uid == request.series_uid]
    if not wanted:
        raise NoCtFound(f"{request.dicom_dir} holds no CT series {request.series_uid}; it holds {len(found)} other(s)")
    return wanted


def _assess(
    request: AssessRequest, settings: Settings, archive: FolderArchive, selection: Selection, report: Progress
) -> Measured:
    if selection.chosen is None:
        return Measured(_nothing_usable(settings, selection))
    report("loading the networks", 0.0)
    from cds.wiring.measuring import instruments_on

    instruments = instruments_on(
        archive,
        segmenter=settings.segmenter,
        segmenter_timeout_s=settings.segmenter_timeout_s,
        weights_dir=settings.weights_dir,
        calibration_dir=settings.calibration_dir,
        device=settings.device,
        threads=settings.threads,
        population=request.population or settings.population,
        all_levels=request.all_levels,
    )
    return measure_first_assessable(instruments, None, selection.tries(SERIES_TRIED), report, left_out_by(selection))


def _with_truncation(assessment: Assessment, scan: FolderScan) -> Assessment:
    """Files cut short are a reason by themselves, also where their series was refused before it was read."""
    cut_short = next(
        (each.cut_short for each in scan.contents if each.facts.series_uid == assessment.acquisition.series_uid), ()
    )
    named = any(reason.code == "image-truncated" for reason in assessment.reasons)
    if assessment.status == "assessed" or not cut_short or named:
        return assessment
    reason = because("image-truncated", count=len(cut_short), what=cut_short[0])
    return replace(assessment, reasons=(reason, *assessment.reasons))


def _nothing_usable(settings: Settings, selection: Selection) -> Assessment:
    """Every series was refused by its attributes: the first one stands for them, with all reasons."""
    generation = current_generation(settings.weights_dir, segmenter=settings.segmenter)
    reasons = dict.fromkeys(reason for _, reason in selection.considered if reason is not None)
    return not_assessable(
        selection.considered[0][0],
        tuple(reasons),
        patient_check="unverified",
        today=datetime.now(UTC).date(),
        software=Software(cds.__version__, generation.segmenter, generation.weights_sha256),
        timing_s={},
    )


def _tell_what_was_left_out(
    errors: Console, findings: Sequence[Finding], selection: Selection, assessment: Assessment
) -> None:
    for finding in findings:
        errors.print(Text(finding.text, style="dim"))
    for series, reason in selection.considered:
        if reason is not None and series.series_uid != assessment.acquisition.series_uid:
            errors.print(Text(f"series {series.series_uid} was not used: {reason.text}", style="dim"))


def _put_out(request: AssessRequest, settings: Settings, assessment: Assessment, findings: Sequence[Finding]) -> None:
    record = to_record(assessment) | {"input_findings": [asdict(finding) for finding in findings]}
    text = json.dumps(record, indent=1, allow_nan=False) + "\n"
    if request.json_to == STANDARD_OUTPUT:
        typer.echo(text, nl=False)
        return
    Console().print(assessment_view(assessment, settings.notice))
    if request.json_to is not None:
        _write_whole(Path(request.json_to), text.encode())


def _put_out_objects(request: AssessRequest, settings: Settings, archive: FolderArchive, measured: Measured) -> None:
    """The segmentation and the report that were asked for; of a CT without a result there is neither."""
    targets = {option: target for option, target in request.outputs.items() if option in {"--seg", "--sr"}}
    if not targets:
        return
    if measured.ct is None or measured.assessment.status != "assessed":
        typer.echo(f"osteocds: {', '.join(targets)}: nothing was written, there is no result to write", err=True)
        return
    from cds.cli.dicom_output import dicom_objects

    try:
        objects = dicom_objects(archive, measured.ct, measured.assessment, settings.notice)
    except ResultRefused as refused:
        raise OutputNotWritable(f"{', '.join(targets)}: {refused}") from refused
    for option, target in targets.items():
        _write_whole(target, objects[option])


def _put_out_report(request: AssessRequest, settings: Settings, measured: Measured) -> None:
    """The page and its pictures as files; without vertebrae to show the page says why, and there are no pictures."""
    if request.report_to is None and request.png_dir is None:
        return
    from cds.cli.report_output import pictures_of, report_of

    pictures = pictures_of(measured)
    if request.report_to is not None:
        html = report_of(measured.assessment, pictures, settings.notice, request.language)
        _write_whole(request.report_to, html.encode())
    if request.png_dir is not None:
        for picture in pictures:
            _write_whole(request.png_dir / f"{picture.name}.png", picture.png)
        if not pictures:
            typer.echo("osteocds: --png: nothing was written, there is no vertebra to show", err=True)


def _refuse_unwritable(request: AssessRequest) -> None:
    """Tried before the work, so that minutes of it are never lost to a typo."""
    outputs = request.outputs
    if len({target.resolve() for target in outputs.values()}) < len(outputs):
        raise OutputNotWritable(f"{', '.join(outputs)} name the same file")
    for option, target in outputs.items():
        _refuse_target(request, option, target)
    if request.png_dir is not None:
        _refuse_folder(request, request.png_dir)


def _refuse_target(request: AssessRequest, option: str, target: Path) -> None:
    if target.is_dir():
        raise OutputNotWritable(f"{target} is a folder; {option} takes a file")
    if target.resolve().is_relative_to(request.dicom_dir.resolve()):
        raise OutputNotWritable(f"{target} lies in the input folder, which is never written to")
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise OutputNotWritable(f"{target} cannot be written: {error.strerror}") from error


def _refuse_folder(request: AssessRequest, folder: Path) -> None:
    if folder.resolve().is_relative_to(request.dicom_dir.resolve()):
        raise OutputNotWritable(f"{folder} lies in the input folder, which is never written to")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputNotWritable(f"{folder} cannot be written: {error.strerror}") from error


def _write_whole(target: Path, content: bytes) -> None:
    """The old file or the new one, never half of it."""
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        draft.write_bytes(content)
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise OutputNotWritable(f"{target} cannot be written: {error.strerror}") from error
