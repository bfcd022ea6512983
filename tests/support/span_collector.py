"""A collector of spans: an HTTP server that understands OTLP as a real one does, and remembers what it was sent."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from gzip import decompress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass
class Collector:
    """What has arrived."""

    url: str
    requests: list[ExportTraceServiceRequest] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def spans(self):
        """All spans, each with its resource's attributes, by name; the last of each name."""
        return {span.name: (span, about) for span, about in self._all()}

    def of_trace(self, trace_id):
        """The spans of one trace, in the order of their arrival."""
        return [span for span, _ in self._all() if span.trace_id.hex() == trace_id]

    def text(self):
        """Everything, to look for what must not be there."""
        return "\n".join(map(str, self.requests))

    def _all(self):
        for request in tuple(self.requests):
            for group in request.resource_spans:
                about = facts_of(group.resource)
                for scope in group.scope_spans:
                    for span in scope.spans:
                        yield span, about


def facts_of(holder):
    """Attributes as plain values."""
    return {each.key: _plain(each.value) for each in holder.attributes}


def _plain(value):
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return tuple(_plain(each) for each in value.array_value.values)
    return getattr(value, kind)


@contextmanager
def a_collector() -> Iterator[Collector]:
    """It listens for the length of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = decompress(body)
            collector.paths.append(self.path)
            collector.requests.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.end_headers()
            self.wfile.write(ExportTraceServiceResponse().SerializeToString())

        def log_message(self, *_):
            """Quietly."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
