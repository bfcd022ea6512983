"""`osteocds sample`: the public chest CT that demo, tests and newcomers share."""

from pathlib import Path

import typer
from rich.console import Console

from cds.cli.progress import progress_bar
from cds.dicomweb.sample import ATTRIBUTION, fetch_sample


def run_sample() -> None:
    """Fetch, attribute, and print the folder as the last line."""
    folder = sample_folder(Console(stderr=True))
    typer.echo(ATTRIBUTION)
    typer.echo(str(folder))


def sample_folder(console: Console) -> Path:
    """The folder of the sample's DICOM files, fetched if it is not there yet."""
    with progress_bar(console) as report:
        return fetch_sample(report)
