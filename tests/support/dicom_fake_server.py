"""A DICOMweb server inside the process: answers requests from datasets, and fails on demand."""

import io
import json
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import requests
from pydicom import dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

URL = "http://pacs.test:8042/dicom-web"
_BOUNDARY = "a-boundary"
_LEVEL_UIDS = {"studies": "StudyInstanceUID", "series": "SeriesInstanceUID", "instances": "SOPInstanceUID"}
_ALWAYS = {
    "studies": ("StudyInstanceUID", "StudyDate", "PatientID"),
    "series": ("StudyInstanceUID", "SeriesInstanceUID", "Modality", "SeriesNumber"),
    "instances": ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "Rows", "Columns"),
}

Answer = Callable[[requests.PreparedRequest], requests.Response | Exception | None]


class FakeDicomwebServer(BaseAdapter):
    """Mount it on a session. `script` answers come first; None lets the server answer itself."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[bytes] = []
        self.requests: list[requests.PreparedRequest] = []
        self.script: list[Answer] = []
        self.returns_fields = True
        self.page_size: int | None = None
        self.ignores_offset = False
        self.shuffles: Callable[[list], None] | None = None
        """What happens to the order of answers between two searches."""
        self.refuses_to_store: int | None = None
        """DICOM failure reason for whatever is sent."""

    def add(self, folder: Path) -> None:
        """Store every file of a folder."""
        self.files += [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]

    def remove_study(self, study_uid: str) -> None:
        """Forget a study."""
        self.files = [file for file in self.files if _header(file).StudyInstanceUID != study_uid]

    def send(self, request, **_options):
        """Answer one request."""
        self.requests.append(request.copy())
        scripted = self.script.pop(0)(request) if self.script else None
        if isinstance(scripted, Exception):
            raise scripted
        return self._answer(request) if scripted is None else scripted  # a refusal is falsy

    def close(self):
        """Nothing to close."""

    def _answer(self, request):
        parts = urlsplit(request.url)
        path, query = parts.path.removeprefix("/dicom-web/"), parse_qs(parts.query)
        level, uids = path.split("/")[::2][-1], dict(zip(path.split("/")[::2], path.split("/")[1::2], strict=False))
        if level == "metadata":
            uids.pop("metadata", None)
            found = self._matching(uids)
            return reply(
                request,
                200 if found else 404,
                json.dumps(
                    [item.to_json_dict(bulk_data_threshold=1, bulk_data_element_handler=lambda _: "") for item in found]
                ).encode(),
            )
        if request.method == "POST":
            return self._store(request)
        if len(path.split("/")) % 2:
            return self._search(request, level, uids, query)
        return self._retrieve(request, uids)

    def _store(self, request):
        boundary = re.search(r'boundary="([^"]+)"', request.headers["Content-Type"])[1].encode()
        parts = request.body.split(b"--" + boundary)[1:-1]
        sent = [part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for part in parts]
        answer = Dataset()
        references = []
        for file in sent:
            reference = Dataset()
            reference.ReferencedSOPClassUID = _header(file).SOPClassUID
            reference.ReferencedSOPInstanceUID = _header(file).SOPInstanceUID
            if self.refuses_to_store is not None:
                reference.FailureReason = self.refuses_to_store
            references.append(reference)
        if self.refuses_to_store is None:
            self.files += sent
            answer.ReferencedSOPSequence, answer.FailedSOPSequence = references, []
        else:
            answer.FailedSOPSequence = references
        status = 200 if self.refuses_to_store is None else 202
        return reply(request, status, json.dumps(answer.to_json_dict()).encode())

    def _matching(self, uids):
        wanted = {_LEVEL_UIDS[level]: uid for level, uid in uids.items()}
        headers = [_header(file) for file in self.files]
        return [item for item in headers if all(item.get(key) == value for key, value in wanted.items())]

    def _search(self, request, level, uids, query):
        fields = query.pop("includefield", [])
        offset, limit = int(query.pop("offset", ["0"])[0]), int(query.pop("limit", ["1000"])[0])
        groups: dict[str, list[Dataset]] = {}
        for item in self._matching(uids):
            if all(_matches(item, key, values[0]) for key, values in query.items()):
                groups.setdefault(str(item[_LEVEL_UIDS[level]].value), []).append(item)
        answers = []
        for items in groups.values():
            answer = Dataset()
            for keyword in {*_ALWAYS[level], *(fields if self.returns_fields else ())}:
                if keyword in items[0]:
                    answer[keyword] = items[0][keyword]
            if level == "series":
                answer.NumberOfSeriesRelatedInstances = len(items)
            answers.append(answer.to_json_dict())
        if self.shuffles is not None:
            self.shuffles(answers)
        start = 0 if self.ignores_offset else offset
        page = answers[start : start + min(limit, self.page_size or limit)]
        return reply(request, 200, json.dumps(page).encode()) if page else reply(request, 204, b"")

    def _retrieve(self, request, uids):
        wanted = {_LEVEL_UIDS[level]: uid for level, uid in uids.items()}
        found = [file for file in self.files if all(_header(file).get(key) == value for key, value in wanted.items())]
        if not found:
            return reply(request, 404, b"")
        return multipart(request, found)


@lru_cache(maxsize=2000)
def _header(file: bytes) -> Dataset:
    return dcmread(io.BytesIO(file), stop_before_pixels=True)


def _matches(item: Dataset, keyword: str, value: str) -> bool:
    """As loosely as archives do: wildcards, any case, no padding."""
    if keyword == "ModalitiesInStudy":
        keyword = "Modality"
    assert tag_for_keyword(keyword) is not None
    if keyword in ("StudyDate", "StudyTime") and "-" in value:
        first, last = value.split("-")
        return first <= str(item.get(keyword, "")) <= last
    pattern = re.escape(value).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(pattern, str(item.get(keyword, "")).strip(), re.IGNORECASE) is not None


def multipart(request, files, *, closed=True):
    """A multipart/related answer; not `closed`, it breaks off in the middle of the last image."""
    parts = [b"--%s\r\nContent-Type: application/dicom\r\n\r\n%s\r\n" % (_BOUNDARY.encode(), file) for file in files]
    body = b"".join(parts)
    body = body + b"\r\n--%s--\r\n" % _BOUNDARY.encode() if closed else body[:-200]
    content_type = f'multipart/related; type="application/dicom"; boundary={_BOUNDARY}'
    length = len(body) if closed else len(body) + 1000
    return reply(request, 200, body, {"Content-Type": content_type, "Content-Length": str(length)})


def reply(request, status, body=b"", headers=None):
    """One HTTP response, as an adapter makes it."""
    usual = {"Content-Type": "application/dicom+json", "Content-Length": str(len(body))}
    raw = HTTPResponse(
        body=io.BytesIO(body),
        headers=usual | (headers or {}),
        status=status,
        preload_content=False,
        request_method=request.method,
    )
    response = requests.adapters.HTTPAdapter().build_response(request, raw)
    response.request = request
    return response
