"""`osteocds demo`: a real chest CT becomes a card, a table of vertebrae and FHIR Observations.

It starts the service as a user would, calls it as an EHR would, and stops it again.
"""

import json
import re
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from cds.cli.demo_order import IDENTIFIER_SYSTEM, PATIENT_ID, SERVICE, order_sign_request
from cds.cli.sample import sample_folder
from cds.cli.service_process import RunningService, running_service
from cds.cli.tables import card_view, levels_table
from cds.ct.patient import PatientKey
from cds.errors import OsteocdsError
from cds.ports import StoredResult
from cds.settings import Settings
from cds.wiring.records import open_store

WAIT_BUDGET_S = 10
ASK_AT_MOST = 18
"""Calls, each waiting up to the budget: three minutes, for a slow machine that is busy with something else."""


_FONTS_FROM_ELSEWHERE = re.compile(r"@font-face\s*\{[^}]*\}")


class DemoFailed(OsteocdsError):
    """The demonstration did not reach its card."""


def run_demo(out_dir: Path, picture: Path | None = None) -> None:
    """Sample, service, order, card, table, Observations; everything is stopped at the end."""
    console = Console(record=picture is not None)
    console.rule("osteocds demo")
    console.print("[bold]1[/]  The CT: LIDC-IDRI-0001, a public chest CT with contrast (The Cancer Imaging Archive)")
    sample = sample_folder(Console(stderr=True))
    console.print(f"   in {_from_home(sample)}\n")
    data_dir = Path(tempfile.mkdtemp(prefix="osteocds-demo-"))
    try:
        console.print(
            "[bold]2[/]  The service: SQLite, the sample folder as archive, one worker (loads its networks) ..."
        )
        begun = time.perf_counter()
        with running_service(data_dir, sample_settings(sample)) as service:
            console.print(f"   ready at {service.base_url} after {time.perf_counter() - begun:.1f} s")
            console.print("   client authentication is off: loopback only, for this demonstration\n")
            card = order_until_card(console, service, out_dir)
            console.print(card_view(card))
            _show_result(console, data_dir, out_dir)
            _save_page(console, card, out_dir)
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)
    console.rule("done; everything was stopped")
    if picture is not None:
        svg = console.export_svg(title="osteocds demo")
        picture.write_text(_FONTS_FROM_ELSEWHERE.sub("", svg), encoding="utf-8")


def sample_settings(sample: Path) -> dict[str, str]:
    """The settings, without their prefix, under which the sample folder is an archive."""
    return {
        "ARCHIVE_FOLDER": str(sample),
        "ARCHIVE_SINGLE_ISSUER": "true",
        "IDENTIFIER_SYSTEM": IDENTIFIER_SYSTEM,
        "ALLOW_UNVERIFIED_IDENTITY": "true",  # the sample is de-identified: no birth date, no sex
        "MAX_SCAN_AGE_DAYS": "none",  # its dates are shifted to the year 2000
        "WAIT_BUDGET_S": str(WAIT_BUDGET_S),
        "CLIENT_AUTH": "off",  # and therefore on loopback only
        "MODE": "live",
        "WORKERS": "1",
    }


def order_until_card(console: Console, service: RunningService, out_dir: Path) -> dict[str, Any]:
    """The first card; raises `DemoFailed`, having kept the service's log in `out_dir`."""
    console.print("[bold]3[/]  The order: an EHR sends order-sign for a CT of the chest and waits")
    with httpx.Client(trust_env=False, timeout=WAIT_BUDGET_S + 20.0) as client:
        for attempt in range(1, ASK_AT_MOST + 1):
            begun = time.perf_counter()
            response = client.post(f"{service.base_url}/cds-services/{SERVICE}", json=order_sign_request())
            took_s = time.perf_counter() - begun
            if not response.is_success:
                raise DemoFailed(f"the service answered {response.status_code}: {response.text}")
            cards: list[dict[str, Any]] = response.json()["cards"]
            if cards:
                console.print(f"   call {attempt}: {len(cards)} card after {took_s:.1f} s, never seen before\n")
                _again(console, client, service)
                return cards[0]
            console.print(f"   call {attempt}: no card after {took_s:.1f} s; the measurement goes on")
    out_dir.mkdir(parents=True, exist_ok=True)
    log = shutil.copy(service.log, out_dir)  # the service's own folder goes when it is stopped
    raise DemoFailed(f"no card after {ASK_AT_MOST} calls; what the service did is told in {log}")


def _again(console: Console, client: httpx.Client, service: RunningService) -> None:
    for clinician, said in (
        ("another-clinician", "a colleague's order for the same patient"),
        ("sample-clinician", "the first clinician's next order: told already"),
    ):
        begun = time.perf_counter()
        response = client.post(f"{service.base_url}/cds-services/{SERVICE}", json=order_sign_request(clinician))
        took_ms = 1000 * (time.perf_counter() - begun)
        cards = len(response.raise_for_status().json()["cards"])
        console.print(f"   {said}: {cards} card{'' if cards == 1 else 's'} after {took_ms:.0f} ms")
    console.print()


def _show_result(console: Console, data_dir: Path, out_dir: Path) -> None:
    settings = Settings(data_dir=data_dir)
    with open_store(settings) as store:
        result = store.latest(PatientKey(settings.tenant, PATIENT_ID))
        bundle = store.bundle(result.result_id) if isinstance(result, StoredResult) else None
    if not isinstance(result, StoredResult) or bundle is None:
        raise DemoFailed("the card was shown but no result was stored")
    console.print("[bold]4[/]  The vertebrae")
    console.print(levels_table(result.assessment))
    console.print("[bold]5[/]  The FHIR Observations, as charts and registries receive them")
    console.print(_observations_table(json.loads(bundle)))
    out_dir.mkdir(parents=True, exist_ok=True)
    written = out_dir / "bundle.json"
    written.write_bytes(bundle)
    console.print(f"   Bundle written to {_from_home(written)}\n")


def _save_page(console: Console, card: dict[str, Any], out_dir: Path) -> None:
    """The page behind the card's link, as the service answers it."""
    console.print("[bold]6[/]  The report page behind the card's link")
    link = next((each["url"] for each in card.get("links", ()) if "/reports/" in each["url"]), None)
    if link is None:
        raise DemoFailed("the card has no link to a report")
    begun = time.perf_counter()
    response = httpx.get(link, trust_env=False, timeout=10.0)
    took_ms = 1000 * (time.perf_counter() - begun)
    if not response.is_success:
        raise DemoFailed(f"the report page answered {response.status_code}")
    written = out_dir / "report.html"
    written.write_bytes(response.content)
    size_kb = len(response.content) / 1000
    console.print(
        f"   {size_kb:.0f} kB after {took_ms:.0f} ms, written to {_from_home(written)}: open it in a browser\n"
    )
    console.print(
        "[dim]LIDC-IDRI-0001 is in the training set of the segmenter: this shows the road, not its accuracy. "
        "LIDC-IDRI, CC BY 3.0, Armato et al. 2011; The Cancer Imaging Archive, Clark et al. 2013.[/]"
    )


def _from_home(path: Path) -> str:
    """Short, and the same on every machine."""
    return f"~/{path.relative_to(Path.home())}" if path.is_relative_to(Path.home()) else str(path)


def _observations_table(bundle: dict[str, Any]) -> Table:
    table = Table()
    for heading in ("Observation", "status", "effective", "value"):
        table.add_column(heading)
    for entry in bundle["entry"]:
        resource = entry["resource"]
        if resource["resourceType"] != "Observation":
            continue
        quantity = resource.get("valueQuantity")
        value = f"{quantity['value']} {quantity['unit']}" if quantity else "absent: not assessable"
        table.add_row(_title(resource), resource["status"], resource.get("effectiveDateTime", ""), value)
    return table


def _title(observation: dict[str, Any]) -> str:
    code: dict[str, Any] = observation["code"]
    site: dict[str, Any] = observation.get("bodySite", {})
    return f"{code.get('text', code['coding'][0]['code'])} {site.get('text', '')}".strip()
