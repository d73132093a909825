"""A loopback HTTP/2 server over TLS with a certificate of its own, which says GOAWAY when its script says so."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ssl
from collections.abc import AsyncIterator
from ipaddress import IPv4Address
from pathlib import Path

import h2.config
import h2.connection
import h2.events
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.fakes.http_messages import Connections, close_quietly
from tests.fakes.scripted_server import Answer

_ANSWER = b'{"jsonrpc":"2.0","id":1,"result":"0x1"}'


class Http2Server:
    """Answers `answers_per_connection` requests on each connection; to the next one it says GOAWAY and closes.

    While `silent` is set it takes requests and answers none. It answers with `body`, or with what `behind` says.
    `show` changes the certificate for connections to come.
    """

    def __init__(self, answers_per_connection: int, context: ssl.SSLContext, behind: Answer | None = None) -> None:
        self.answers_per_connection = answers_per_connection
        self.behind = behind
        self._context = context
        self.silent = False
        self.body = _ANSWER
        self.requests = 0
        self.refused = 0
        self.url = ""
        self.connections = Connections()
        self.heard = asyncio.Event()

    def show(self, path: Path) -> None:
        """Show the certificate in that file from now on."""
        self._context.load_cert_chain(path)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections.enter()
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        connection.initiate_connection()
        answered = 0
        asked: dict[int, bytes] = {}
        try:
            writer.write(connection.data_to_send())
            while data := await reader.read(65_536):
                for event in connection.receive_data(data):
                    if isinstance(event, h2.events.DataReceived):
                        asked[event.stream_id] = asked.get(event.stream_id, b"") + event.data
                        connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    if not isinstance(event, h2.events.StreamEnded):
                        continue
                    self.requests += 1
                    self.heard.set()
                    if answered >= self.answers_per_connection:
                        self.refused += 1
                        connection.close_connection(last_stream_id=event.stream_id)
                        writer.write(connection.data_to_send())
                        await writer.drain()
                        return
                    if not self.silent:
                        answered += 1
                        connection.send_headers(event.stream_id, [(":status", "200")])
                        body = self.body if self.behind is None else await self.behind(asked.pop(event.stream_id))
                        connection.send_data(event.stream_id, body, end_stream=True)
                writer.write(connection.data_to_send())
                await writer.drain()
        except ConnectionError:
            return
        except asyncio.CancelledError:
            writer.transport.abort()  # the end of the test; `close` would wait for the client to end TLS, too
        finally:
            await close_quietly(writer)


def certificate(folder: Path) -> Path:
    """Write a key and a certificate for 127.0.0.1, good for a day from the time of the build, and return their file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    today = dt.datetime.fromtimestamp(folder.stat().st_mtime, dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "loopback.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


def trusting(path: Path) -> ssl.SSLContext:
    """Return a client's context that trusts that certificate and no other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(path)
    return context


@contextlib.asynccontextmanager
async def http2_server(
    path: Path, *, answers_per_connection: int = 1000, behind: Answer | None = None
) -> AsyncIterator[Http2Server]:
    """Yield a server with that key and certificate on a free loopback port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["h2"])
    server = Http2Server(answers_per_connection, context, behind)
    server.show(path)
    listener = await asyncio.start_server(server.handle, "127.0.0.1", 0, ssl=context, ssl_shutdown_timeout=0.1)
    server.url = f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}/key-of-a-person"
    try:
        yield server
    finally:
        listener.close()
        await server.connections.end()
        await listener.wait_closed()
