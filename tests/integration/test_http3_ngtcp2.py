"""ngtcp2, the client and the server of Debian (`ngtcp2-client`, `ngtcp2-server`), on loopback sockets."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integration.http3_udp import Client, Server, free_port, insertions, pattern, run, varied
from zttp_h3.credentials import TlsCredentials
from zttp_h3.limits import H3Limits
from zttp_h3.tls.groups import SECP384R1, X25519, X25519MLKEM768
from zttp_h3.tls.tickets import TicketKeys

AES_128, AES_256, CHACHA20 = 0x1301, 0x1302, 0x1303
CLIENT = shutil.which("gtlsclient")
SERVER = shutil.which("gtlsserver", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")

with_their_client = pytest.mark.skipif(CLIENT is None, reason="ngtcp2-client is not installed")
with_their_server = pytest.mark.skipif(SERVER is None, reason="ngtcp2-server is not installed")


@pytest.fixture(scope="module")
def credentials(certificate: tuple[Path, Path]) -> TlsCredentials:
    return TlsCredentials.from_files(str(certificate[0]), str(certificate[1]))


def download(server: Server, folder: Path, *targets: str, options: tuple[str, ...] = ()) -> str:
    """Let their client fetch paths into ``folder``; return its output."""
    assert CLIENT is not None
    addresses = [f"https://localhost:{server.port}{target}" for target in targets]
    command = [CLIENT, "--no-quic-dump", "--no-http-dump", "--exit-on-all-streams-close", f"--download={folder}"]
    done = subprocess.run(
        [*command, *options, "127.0.0.1", str(server.port), *addresses],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout + done.stderr


def printed(output: str) -> dict[int, list[tuple[bytes, bytes]]]:
    """Return the fields that their programs print, by stream, without those of no interest here."""
    fields: dict[int, list[tuple[bytes, bytes]]] = {}
    for number, name, value in re.findall(r"^http: stream 0x([0-9a-f]+) \[(x-\S+): (.*?)\]", output, re.MULTILINE):
        fields.setdefault(int(number, 16), []).append((name.encode(), value.encode()))
    return fields


def transports(server: Server) -> list[Any]:
    """The transports of all connections that were made."""
    protocol = server.protocol
    return [
        connection._session.transport.session for connection in [*protocol.closed, *protocol.endpoint.connections()]
    ]


# ------------------------------------------------------------------------------------------------------ their client


@with_their_client
def test_requests(credentials: TlsCredentials, tmp_path: Path) -> None:
    with Server(credentials) as server:
        download(server, tmp_path, "/one", "/download/100", "/download/0")
        assert [request.target for request in server.protocol.seen] == [b"/one", b"/download/100", b"/download/0"]
        assert not server.protocol.errors
    assert (tmp_path / "one").read_bytes().startswith(b"GET /one 0 ")
    assert (tmp_path / "100").read_bytes() == pattern(100)


@with_their_client
def test_a_large_download(credentials: TlsCredentials, tmp_path: Path) -> None:
    with Server(credentials) as server:
        download(server, tmp_path, "/download/8000000")
    assert (tmp_path / "8000000").read_bytes() == pattern(8_000_000)


@with_their_client
def test_many_requests_at_once(credentials: TlsCredentials, tmp_path: Path) -> None:
    with Server(credentials) as server:
        download(server, tmp_path, "/download/1000", options=("--nstreams=300",))
        assert len(server.protocol.seen) == 300


@with_their_client
def test_fields_that_change(credentials: TlsCredentials, tmp_path: Path) -> None:
    given: list[Any] = []

    def answer_with_fields(_method: bytes, _target: bytes, _content: bytes) -> Any:
        given.append(varied(len(given)))
        return 200, given[-1], b""

    with Server(credentials, answer_with_fields, limits=H3Limits(max_concurrent_streams=8)) as server:
        received = printed(download(server, tmp_path, "/", options=("--nstreams=600",)))
        connections = server.protocol.closed + server.protocol.endpoint.connections()
        assert [insertions(connection) > 300 for connection in connections] == [True]
    assert [received[request.stream_id] for request in server.protocol.seen] == given


@with_their_client
def test_an_upload(credentials: TlsCredentials, tmp_path: Path) -> None:
    (tmp_path / "content").write_bytes(pattern(3_000_000))
    with Server(credentials) as server:
        download(server, tmp_path, "/up", options=(f"--data={tmp_path / 'content'}", "--http-method=POST"))
    assert (tmp_path / "up").read_bytes().startswith(b"POST /up 3000000 ")


@with_their_client
@pytest.mark.parametrize("loss", ["--rx-loss=0.05", "--tx-loss=0.05"])
def test_a_path_that_loses(loss: str, credentials: TlsCredentials, tmp_path: Path) -> None:
    with Server(credentials) as server:
        download(server, tmp_path, "/download/1000000", options=(loss,))
    assert (tmp_path / "1000000").read_bytes() == pattern(1_000_000)


@with_their_client
def test_retry(credentials: TlsCredentials, tmp_path: Path) -> None:
    with Server(credentials, retry=True) as server:
        download(server, tmp_path, "/one")
        [transport] = transports(server)
        assert transport.own.retry_source_connection_id is not None


@with_their_client
def test_a_token_of_an_earlier_connection_saves_the_retry(credentials: TlsCredentials, tmp_path: Path) -> None:
    token = (f"--token-file={tmp_path / 'token'}",)
    with Server(credentials, retry=True) as server:
        download(server, tmp_path, "/one", options=token)
        download(server, tmp_path, "/two", options=token)
        retried = [transport.own.retry_source_connection_id is not None for transport in transports(server)]
    # The token is for an address and port, and the second connection has another one.
    assert retried in ([True, False], [True, True])


@with_their_client
@pytest.mark.parametrize(
    ("name", "suite"), [("AES-128-GCM", AES_128), ("AES-256-GCM", AES_256), ("CHACHA20-POLY1305", CHACHA20)]
)
def test_suites(name: str, suite: int, credentials: TlsCredentials, tmp_path: Path) -> None:
    ciphers = f"--ciphers=NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+{name}"
    with Server(credentials) as server:
        download(server, tmp_path, "/download/300000", options=(ciphers,))
        [transport] = transports(server)
        assert transport.handshake.suite == suite
    assert (tmp_path / "300000").read_bytes() == pattern(300_000)


@with_their_client
def test_a_group_that_they_send_no_share_of(credentials: TlsCredentials, tmp_path: Path) -> None:
    # RFC 8446 4.1.4: HelloRetryRequest.
    with Server(credentials, groups=(SECP384R1,)) as server:
        download(server, tmp_path, "/one")
        [transport] = transports(server)
        assert transport.handshake._retry_group == SECP384R1


@with_their_client
def test_they_change_the_keys(credentials: TlsCredentials, tmp_path: Path) -> None:
    with Server(credentials) as server:
        download(server, tmp_path, "/download/8000000", options=("--key-update=1ms",))
        [transport] = transports(server)
        assert transport.phases.updates == 1
    assert (tmp_path / "8000000").read_bytes() == pattern(8_000_000)


@with_their_client
def test_we_change_the_keys(credentials: TlsCredentials, tmp_path: Path) -> None:
    def answer_with_new_keys(_method: bytes, _target: bytes, _content: bytes) -> Any:
        [connection] = server.protocol.endpoint.connections()
        connection.request_key_update()
        return 200, [], pattern(2_000_000)

    with Server(credentials, answer_with_new_keys) as server:
        download(server, tmp_path, "/first", options=("--delay-stream=100ms",))
        [transport] = transports(server)
        assert transport.phases.updates == 1
    assert (tmp_path / "first").read_bytes() == pattern(2_000_000)


@with_their_client
@pytest.mark.parametrize("options", [(), ("--nat-rebinding",)])
def test_they_move(options: tuple[str, ...], credentials: TlsCredentials, tmp_path: Path) -> None:
    # An upload, so that they send when they move: a client that only receives would not show its new address.
    (tmp_path / "content").write_bytes(pattern(20_000_000))
    upload = (f"--data={tmp_path / 'content'}", "--http-method=POST", "--change-local-addr=5ms")
    with Server(credentials) as server:
        download(server, tmp_path, "/up", options=(*upload, *options))
        [transport] = transports(server)
        _, new = server.protocol.addresses
        assert transport.path.peer == new
        assert transport.path.validated
    assert (tmp_path / "up").read_bytes().startswith(b"POST /up 20000000 ")


@with_their_client
def test_resumption(credentials: TlsCredentials, tmp_path: Path) -> None:
    session = (f"--session-file={tmp_path / 'session'}",)
    with Server(credentials, tickets=TicketKeys()) as server:
        download(server, tmp_path, "/one", options=(*session, "--disable-early-data"))
        download(server, tmp_path, "/two", options=(*session, "--disable-early-data"))
        assert sorted(transport.handshake.resumed for transport in transports(server)) == [False, True]


@with_their_client
def test_a_version_that_nobody_speaks(credentials: TlsCredentials, tmp_path: Path) -> None:
    # RFC 9000 6: they receive version 1, and connect again with it.
    with Server(credentials) as server:
        told = download(server, tmp_path, "/one", options=("--version=0x5a6a7a8a", "--preferred-versions=v1"))
        assert len(server.protocol.seen) == 1
    assert "ERR_RECV_VERSION_NEGOTIATION" in told


# ------------------------------------------------------------------------------------------------------ their server


@contextmanager
def their_server(
    certificate: tuple[Path, Path], www: Path, *options: str, output: Any = subprocess.DEVNULL
) -> Iterator[int]:
    """Their server, stopped afterwards; yields its port."""
    assert SERVER is not None
    www.mkdir(exist_ok=True)
    (www / "large").write_bytes(pattern(5_000_000))
    (www / "small").write_bytes(b"a small file")
    with free_port() as port:
        pass
    quiet = ["--quiet"] if output == subprocess.DEVNULL else ["--no-quic-dump", "--no-http-dump"]
    command = [SERVER, *quiet, f"--htdocs={www}", *options, "127.0.0.1", str(port)]
    process = subprocess.Popen([*command, str(certificate[1]), str(certificate[0])], stdout=output, stderr=output)
    try:
        while not listens(port):
            assert process.poll() is None
            time.sleep(0.01)
        yield port
    finally:
        process.kill()
        process.wait()


def listens(port: int) -> bool:
    """Return whether a UDP socket uses the port."""
    return any(f":{port:04X} " in line for line in Path("/proc/net/udp").read_text().splitlines())


@with_their_server
@pytest.mark.parametrize("options", [(), ("--validate-addr",), ("--tx-loss=0.05",), ("--rx-loss=0.05",)])
def test_a_server_of_theirs(
    options: tuple[str, ...], certificate: tuple[Path, Path], credentials: TlsCredentials, tmp_path: Path
) -> None:
    async def test() -> None:
        async with Client(port, verify=credentials.certificate) as client:
            responses = [client.begin(b"GET", b"/small") for _ in range(20)]
            large = client.begin(b"GET", b"/large")
            for response in [*responses, large]:
                await response.done
            assert {bytes(response.content) for response in responses} == {b"a small file"}
            assert large.content == pattern(5_000_000)
            assert (await client.request(b"GET", b"/missing")).head.status_code == 404

    with their_server(certificate, tmp_path / "www", *options) as port:
        run(test, 60)


@with_their_server
def test_fields_that_change_with_their_server(
    certificate: tuple[Path, Path], credentials: TlsCredentials, tmp_path: Path
) -> None:
    async def test() -> None:
        async with Client(port, verify=credentials.certificate) as client:
            for number in range(0, 600, 20):
                responses = [client.begin(b"GET", b"/small", None, varied(number + more)) for more in range(20)]
                for response in responses:
                    await response.done
            assert insertions(client.connection) > 300

    with (
        (tmp_path / "output").open("wb") as output,
        their_server(certificate, tmp_path / "www", output=output) as port,
    ):
        run(test)
    received = printed((tmp_path / "output").read_text())
    assert received == {4 * number: varied(number) for number in range(600)}


@with_their_server
def test_an_upload_to_them(certificate: tuple[Path, Path], credentials: TlsCredentials, tmp_path: Path) -> None:
    async def test() -> None:
        async with Client(port, verify=credentials.certificate) as client:
            response = await client.request(b"POST", b"/small", pattern(2_000_000))
            assert response.head.status_code == 200

    with their_server(certificate, tmp_path / "www") as port:
        run(test)


@with_their_server
@pytest.mark.parametrize("suite", [AES_128, AES_256, CHACHA20])
def test_suites_with_their_server(
    suite: int, certificate: tuple[Path, Path], credentials: TlsCredentials, tmp_path: Path
) -> None:
    async def test() -> None:
        async with Client(port, verify=credentials.certificate, cipher_suites=(suite,)) as client:
            assert (await client.request(b"GET", b"/large")).content == pattern(5_000_000)
            session: Any = client.connection._session
            assert session.transport.session.handshake.suite == suite

    with their_server(certificate, tmp_path / "www") as port:
        run(test)


@with_their_server
@pytest.mark.parametrize("groups", [(X25519MLKEM768, SECP384R1), (X25519, SECP384R1)])
def test_a_group_that_we_send_no_share_of(
    groups: tuple[int, ...], certificate: tuple[Path, Path], credentials: TlsCredentials, tmp_path: Path
) -> None:
    async def test() -> None:
        async with Client(port, verify=credentials.certificate, groups=groups) as client:
            assert (await client.request(b"GET", b"/small")).content == b"a small file"

    with their_server(certificate, tmp_path / "www", "--groups=-GROUP-ALL:+GROUP-SECP384R1") as port:
        run(test)


@with_their_server
def test_key_update_with_their_server(
    certificate: tuple[Path, Path], credentials: TlsCredentials, tmp_path: Path
) -> None:
    async def test() -> None:
        async with Client(port, verify=credentials.certificate) as client:
            await client.request(b"GET", b"/small")
            client.connection.request_key_update()
            assert (await client.request(b"GET", b"/large")).content == pattern(5_000_000)
            session: Any = client.connection._session
            assert session.transport.session.phases.updates == 1

    with their_server(certificate, tmp_path / "www") as port:
        run(test)


@with_their_server
def test_resumption_with_their_server(
    certificate: tuple[Path, Path], credentials: TlsCredentials, tmp_path: Path
) -> None:
    tickets: list[Any] = []

    async def first() -> None:
        async with Client(port, verify=credentials.certificate) as client:
            await client.request(b"GET", b"/small")
            while not tickets:
                await client.request(b"GET", b"/small")
                tickets.extend(client.connection.session_tickets())

    async def second() -> None:
        async with Client(port, verify=credentials.certificate, session=tickets[-1]) as client:
            assert (await client.request(b"GET", b"/small")).content == b"a small file"
            session: Any = client.connection._session
            assert session.transport.session.handshake.resumed

    with their_server(certificate, tmp_path / "www") as port:
        run(first)
        run(second)
