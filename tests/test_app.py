import subprocess
import sys

import pytest

from cds.app import WebCollaborators, create_app
from cds.errors import SettingsInvalid
from tests.support.fakes import FakeReadiness, FakeServiceModes
from tests.support.hook_site import Site, a_site, some_settings

NUMERIC_OR_IMAGING = ("torch", "monai", "pydicom", "dicomweb_client", "models", "cds.inference", "cds.dicomweb")


async def get(site: Site, path: str):
    """Call the application."""
    async with site.client() as client:
        return await client.get(path)


async def test_healthz_says_that_the_process_is_alive():
    """It asks nobody: a broken database does not restart the process."""

    def broken():
        raise RuntimeError

    site = a_site(None)
    site.readiness = FakeReadiness(hook=broken)

    response = await get(site, "/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "alive"})


async def test_readyz_says_what_is_missing():
    """Ready, or 503 with one sentence for each thing that is not."""
    ready, waiting = a_site(None), a_site(None)
    waiting.readiness = FakeReadiness(["No worker has started yet."])
    bare = a_site(None, archive_folder=None)

    assert (await get(ready, "/readyz")).json() == {"status": "ready", "client_auth": "off"}
    response = await get(waiting, "/readyz")
    assert response.status_code == 503
    assert response.json() == {"status": "not ready", "problems": ["No worker has started yet."]}
    assert (await get(bare, "/readyz")).json()["problems"] == ["No imaging archive is configured."]


@pytest.mark.parametrize("path", ["/", "/docs", "/redoc", "/cds-services/", "/reports/"])
async def test_unknown_paths_are_404(path):
    """No redirects, no documentation pages that load scripts from elsewhere."""
    response = await get(a_site(None), path)

    assert response.status_code == 404
    assert response.json()["resourceType"] == "OperationOutcome"


async def test_the_application_closes_what_it_was_told_to():
    """What wiring opened in the event loop is closed in it."""
    closed = []

    async def close():
        closed.append("chart")

    site = a_site(None)
    collaborators = WebCollaborators(
        answering=site.answering,
        links=site.links,
        store=site.store,
        memory=site.memory,
        feedback=site.feedback,
        chart=site.chart,
        audit=site.audit,
        calls=site.calls,
        modes=FakeServiceModes(),
        opt_outs=site.opt_outs,
        pictures=site.pictures,
        history=site.history,
        retractions=site.retractions,
        authentication=site.authentication,
        clock=site.clock,
        readiness=site.readiness,
        close=close,
    )
    app = create_app(site.settings, collaborators)

    async with app.router.lifespan_context(app):
        assert closed == []

    assert closed == ["chart"]


def test_a_site_that_could_mix_patients_up_does_not_start():
    """The service refuses to start without the identifier system."""
    with pytest.raises(SettingsInvalid, match="IDENTIFIER_SYSTEM"):
        a_site(None, identifier_system=None).app()


def test_the_web_process_stays_light():
    """Importing the application loads no tensor and no imaging library."""
    code = f"import cds.app, sys; print([m for m in {NUMERIC_OR_IMAGING} if m in sys.modules])"

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "[]"


def test_settings_are_read_where_they_are_given():
    """Two applications in one process do not share anything."""
    assert a_site(None).app() is not a_site(None, mode="off").app()
    assert some_settings(mode="off").mode == "off"
