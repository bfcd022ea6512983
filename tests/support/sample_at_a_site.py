"""The sample CT as that of a named patient, at a site whose archive names issuers and which verifies identity."""

import time
import uuid
from pathlib import Path

import httpx
from pydicom import dcmread

from cds.cli.demo import sample_settings
from cds.cli.demo_order import SERVICE, order_sign_request
from cds.ct.patient import PatientKey
from cds.settings import Settings
from cds.wiring.records import open_store
from tests.support.real_ct import the_sample

BORN = "1938-02-11"
NAME = "Quasimodo^Esmeralda"
ISSUER = "HOSPITAL A"


def write_named_ct(folder: Path) -> Path:
    """The sample's images in `folder`, carrying an issuer, a birth date and a sex."""
    for path in the_sample().glob("*.dcm"):
        dataset = dcmread(path)
        dataset.IssuerOfPatientID = ISSUER
        dataset.PatientBirthDate = BORN.replace("-", "")
        dataset.PatientSex = "F"
        dataset.PatientName = NAME
        dataset.save_as(folder / path.name)
    return folder


def site_settings(folder: Path, **changes: str | None) -> dict[str, str]:
    """Of a service with this archive; None takes a setting out. Its worker gives way to no other test."""
    site = sample_settings(folder) | {"ALLOW_UNVERIFIED_IDENTITY": "false", "ARCHIVE_ISSUER": ISSUER}
    changed = site | {"ARCHIVE_SINGLE_ISSUER": None, "WORKER_NICENESS": "0"} | changes
    return {name: value for name, value in changed.items() if value is not None}


def an_order(**patient: object):
    """The demonstration's order by a clinician who has not seen its card yet, with another chart."""
    request = order_sign_request(f"clinician-{uuid.uuid4()}")
    request["prefetch"]["patient"] |= {"birthDate": BORN, "gender": "female"} | patient
    return request


def an_identifier(value: str, **facts: str):
    """The demonstration's, with another value."""
    usual = order_sign_request()["prefetch"]["patient"]["identifier"][0]
    return usual | {"value": value} | facts


def client_of(service) -> httpx.Client:
    """A client that ignores proxies."""
    return httpx.Client(base_url=service.base_url, timeout=90.0, trust_env=False)


def ask(client: httpx.Client, request, headers=None) -> list[dict]:
    """The cards of one call."""
    answer = client.post(f"/cds-services/{SERVICE}", json=request, headers=headers)
    return answer.raise_for_status().json()["cards"]


def cards_of(client: httpx.Client, request, *, patience_s: float = 60.0) -> list[dict]:
    """Ask until there is a card or the patience is over."""
    deadline = time.monotonic() + patience_s
    while not (cards := ask(client, request)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return cards


def what_is_known(data_dir: Path, key: PatientKey, *, patience_s: float):
    """What the store knows of a patient, as soon as it knows anything."""
    deadline = time.monotonic() + patience_s
    with open_store(Settings(data_dir=data_dir)) as store:
        while (known := store.latest(key)) is None and time.monotonic() < deadline:
            time.sleep(0.2)
        return known
