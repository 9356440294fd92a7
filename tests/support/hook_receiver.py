"""A receiver of webhooks on a real socket: keeps what it is sent and answers as it is told; and its own verifier."""

import base64
import hmac
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Received:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What came, and what is answered: the first of `answers` once, the last one from then on."""

    url: str = ""
    came: list[Received] = field(default_factory=list)
    answers: list[tuple[int, bytes, dict[str, str]]] = field(default_factory=lambda: [(204, b"", {})])
    stalls: threading.Event = field(default_factory=threading.Event)
    """Set: the next answer is begun and never ended."""
    released: threading.Event = field(default_factory=threading.Event)

    def say(self, *statuses: int, body: bytes = b"", **headers: str) -> None:
        """Answer with these statuses, the last one again and again."""
        self.answers = [(status, body, headers) for status in statuses]


@contextmanager
def receiver(*, tls: Path | None = None) -> Iterator[Receiver]:
    """Give a receiver on 127.0.0.1; with the folder `tls` it speaks TLS with the certificate there."""
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.came.append(Received(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            if kept.stalls.is_set():
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                self.wfile.flush()
                kept.released.wait(60)
                return
            status, said, headers = kept.answers[0]
            if len(kept.answers) > 1:
                del kept.answers[0]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A sender that goes in the middle is none of a receiver's business."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls / "server.pem", tls / "server.key")
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    kept.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        kept.released.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


def is_signed_by(secret: str, came: Received) -> bool:
    """Tell whether one of the signatures of a request is that of a secret, as the specification has it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join((came.headers["webhook-id"].encode(), came.headers["webhook-timestamp"].encode(), came.body))
    expected = base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()
    return f"v1,{expected}" in came.headers["webhook-signature"].split(" ")
