"""`python -m cds.cli` is `osteocds`."""

from cds.cli import app

app(prog_name="osteocds")
