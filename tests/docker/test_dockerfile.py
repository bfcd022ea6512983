"""docker/Dockerfile: what it promises, and hadolint has nothing to say. No image is built here."""

import re
import subprocess
from pathlib import PurePosixPath

from tests.support.containers import DOCKER, health_check, instructions, tool

STAGES = [rest for name, rest in instructions() if name == "FROM"]
FINAL = instructions()[max(at for at, (name, _) in enumerate(instructions()) if name == "FROM") :]


def final(name):
    """The arguments of one kind of instruction in the last stage."""
    return [rest for each, rest in FINAL if each == name]


def test_hadolint_finds_nothing():
    """No rule is switched off."""
    checked = subprocess.run([tool("hadolint"), DOCKER / "Dockerfile"], capture_output=True, text=True, check=False)

    assert (checked.returncode, checked.stdout) == (0, "")
    assert "hadolint" not in (DOCKER / "Dockerfile").read_text()


def test_the_base_is_one_named_version():
    """Both stages stand on it, so that the environment of the first finds its Python in the second."""
    (image,) = [rest for name, rest in instructions() if name == "ARG" and rest.startswith("PYTHON_IMAGE=")]

    assert STAGES == ["${PYTHON_IMAGE} AS builder", "${PYTHON_IMAGE}"]
    assert re.fullmatch(r"PYTHON_IMAGE=python:3\.11\.\d+-slim-[a-z]+", image)


def test_what_is_built_comes_from_the_builder_and_nothing_else_is_added():
    """No compiler, no pip and no sources in the image; nothing is fetched by URL."""
    assert final("COPY") == ["--from=builder /opt/osteocds /opt/osteocds"]
    assert not [name for name, _ in instructions() if name == "ADD"]
    assert not re.search(r"apt-get|pip install|curl|wget", " ".join(final("RUN")))


def test_it_is_built_without_a_frontend_from_docker_hub():
    """A `syntax` line makes BuildKit fetch one first; behind a registry of one's own the build would end there."""
    assert not re.search(r"^#\s*syntax\s*=", (DOCKER / "Dockerfile").read_text(), re.MULTILINE | re.IGNORECASE)


def test_modules_are_compiled_by_pip_alone():
    """Else each start of a read-only image does it anew; to compile all fails: torch has files for newer Pythons."""
    text = " ".join(rest for _, rest in instructions()[: len(instructions()) - len(FINAL)])

    assert not re.search("compileall|no-compile|NO_COMPILE|DONTWRITEBYTECODE", text)


def test_the_base_keeps_no_package_of_its_own():
    """Its pip and setuptools are found by no one; the bytes stay in its layer, the files are gone."""
    assert "rm -rf /usr/local/lib/python3.11/site-packages/* /usr/local/lib/python3.11/ensurepip" in final("RUN")[0]


def test_it_runs_as_a_user_of_fixed_number_who_owns_the_volume_alone():
    """Numbers, so that an orchestrator can see that it is not root."""
    (user,) = final("USER")

    assert user == "10001:10001"
    assert final("VOLUME") == ["/data"]
    assert "--owner=10001 --group=10001 --mode=0700 /data" in final("RUN")[0]
    assert "OSTEOCDS_DATA_DIR=/data" in final("ENV")[0]


def test_its_health_is_whether_the_web_process_answers():
    """On the port that it exposes, within the time that Docker gives."""
    assert final("EXPOSE") == ["8480"]
    assert health_check()[:2] == ["python", "-c"]
    assert "http://127.0.0.1:8480/healthz" in health_check()[2]


def test_no_secret_is_named():
    """Neither as an argument of the build nor in the environment."""
    named = " ".join(rest for name, rest in instructions() if name in {"ARG", "ENV", "COPY"})

    assert not re.search(r"secret|password|token|key", named, re.IGNORECASE)


def test_what_is_copied_exists_and_is_let_through():
    """.dockerignore keeps everything out but what the Dockerfile asks for."""
    root = DOCKER.parent
    lines = (root / ".dockerignore").read_text().splitlines()
    asked = {
        source
        for name, rest in instructions()
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    }

    assert "*" in lines
    assert asked == {line[1:] for line in lines if line.startswith("!")}
    assert [each for each in asked if not (root / PurePosixPath(each)).exists()] == []
