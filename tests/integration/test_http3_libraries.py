"""Python's other HTTP/3 stacks on loopback sockets: aioquic and qh3 in both roles, curl_cffi and niquests."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trustme

from tests.integration.http3_udp import Client, Server, answer, inserted, insertions, pattern, run, varied
from zttp_h3.credentials import TlsCredentials, TrustStore
from zttp_h3.limits import H3Limits

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of their dependencies
    import aioquic.asyncio
    import aioquic.h3.connection
    import aioquic.h3.events
    import aioquic.quic.configuration
    import aioquic.quic.events
    import curl_cffi
    import niquests
    import qh3.asyncio
    import qh3.h3.connection
    import qh3.h3.events
    import qh3.quic.configuration
    import qh3.quic.events


def stack(library: Any) -> SimpleNamespace:
    """The common names of both: qh3 is a fork of aioquic."""
    return SimpleNamespace(
        connect=library.asyncio.connect,
        serve=library.asyncio.serve,
        Protocol=library.asyncio.QuicConnectionProtocol,
        Http=library.h3.connection.H3Connection,
        Headers=library.h3.events.HeadersReceived,
        Data=library.h3.events.DataReceived,
        Configuration=library.quic.configuration.QuicConfiguration,
        Ticket=library.quic.configuration,
    )


STACKS = [pytest.param(stack(aioquic), id="aioquic"), pytest.param(stack(qh3), id="qh3")]
CONTENT = pattern(1_000_000)
REQUESTS = 250


class Issued:
    """A certificate for localhost of an invented authority, in files."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        leaf = authority.issue_cert("localhost", "127.0.0.1")
        self.authority = folder / "authority.pem"
        self.chain = folder / "chain.pem"
        self.key = folder / "key.pem"
        authority.cert_pem.write_to_path(str(self.authority))
        self.chain.write_bytes(b"".join(pem.bytes() for pem in leaf.cert_chain_pems))
        leaf.private_key_pem.write_to_path(str(self.key))
        self.credentials = TlsCredentials.from_files(str(self.chain), str(self.key))
        self.trust = TrustStore.from_file(str(self.authority))


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Issued:
    return Issued(tmp_path_factory.mktemp("issued"))


# ----------------------------------------------------------------------------------------------------- aioquic and qh3


def protocol_of(theirs: SimpleNamespace) -> Any:
    """A protocol of theirs that sends requests and answers them."""

    class Protocol(theirs.Protocol):  # type: ignore[misc, name-defined]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.http = theirs.Http(self._quic)
            self.heads: dict[int, dict[bytes, bytes]] = {}
            self.content: dict[int, bytes] = {}
            self.done: dict[int, asyncio.Future[None]] = {}

        def quic_event_received(self, event: Any) -> None:
            for http in self.http.handle_event(event):
                number = getattr(http, "stream_id", -1)
                if isinstance(http, theirs.Headers):
                    self.heads.setdefault(number, dict(http.headers))
                elif isinstance(http, theirs.Data):
                    self.content[number] = self.content.get(number, b"") + http.data
                if getattr(http, "stream_ended", False):
                    self.finished(number)

        def finished(self, number: int) -> None:
            if number in self.done:
                self.done[number].set_result(None)
                return
            head = self.heads[number]
            status, _, content = answer(head[b":method"], head[b":path"], self.content.get(number, b""))
            self.http.send_headers(number, [(b":status", b"%d" % status)])
            self.http.send_data(number, content, True)
            self.transmit()

        def begin(self, method: bytes, path: bytes, content: bytes) -> int:
            number: int = self._quic.get_next_available_stream_id()
            self.done[number] = asyncio.get_running_loop().create_future()
            head = [(b":method", method), (b":scheme", b"https"), (b":authority", b"localhost"), (b":path", path)]
            self.http.send_headers(number, head, not content)
            if content:
                self.http.send_data(number, content, True)
            self.transmit()
            return number

    return Protocol


@pytest.mark.parametrize("theirs", STACKS)
@pytest.mark.parametrize("retry", [False, True])
def test_a_client_of_theirs(theirs: SimpleNamespace, retry: bool, issued: Issued) -> None:
    async def test() -> None:
        configuration = theirs.Configuration(
            is_client=True, alpn_protocols=["h3"], server_name="localhost", verify_mode=ssl.CERT_NONE
        )
        connecting = theirs.connect(
            "127.0.0.1", server.port, configuration=configuration, create_protocol=protocol_of(theirs)
        )
        async with connecting as client:
            numbers = [client.begin(b"POST", b"/up", CONTENT)]
            numbers += [client.begin(b"GET", b"/download/20000", b"") for _ in range(30)]
            await asyncio.gather(*(client.done[number] for number in numbers))
            assert client.content[numbers[0]].startswith(b"POST /up 1000000 ")
            assert all(client.content[number] == CONTENT[:20_000] for number in numbers[1:])
            assert all(client.heads[number][b":status"] == b"200" for number in numbers)

    with Server(issued.credentials, retry=retry) as server:
        run(test)
        assert not server.protocol.errors


@asynccontextmanager
async def serving(theirs: SimpleNamespace, issued: Issued, **options: Any) -> AsyncIterator[int]:
    """A server of theirs; yields its port."""
    configuration = theirs.Configuration(is_client=False, alpn_protocols=["h3"])
    configuration.load_cert_chain(issued.chain, issued.key)
    serving = await theirs.serve(
        "127.0.0.1", 0, configuration=configuration, create_protocol=protocol_of(theirs), **options
    )
    try:
        yield serving._transport.get_extra_info("sockname")[1]
    finally:
        serving.close()
        await asyncio.sleep(0)


@pytest.mark.parametrize("theirs", STACKS)
@pytest.mark.parametrize("retry", [False, True])
def test_a_server_of_theirs(theirs: SimpleNamespace, retry: bool, issued: Issued) -> None:
    async def test() -> None:
        async with (
            serving(theirs, issued, retry=retry) as port,
            Client(port, verify=issued.trust) as client,
        ):
            responses = [client.begin(b"POST", b"/up", CONTENT)]
            responses += [client.begin(b"GET", b"/download/20000") for _ in range(30)]
            for response in responses:
                await response.done
            assert responses[0].content.startswith(b"POST /up 1000000 ")
            assert all(response.content == CONTENT[:20_000] for response in responses[1:])

    run(test)


# --------------------------------------------------------------------------------------------- clients that people use


def test_curl(issued: Issued) -> None:
    with Server(issued.credentials) as server, curl_cffi.Session(http_version="v3only") as session:
        session.verify = str(issued.authority)
        address = f"https://localhost:{server.port}"
        for _ in range(3):
            response = session.get(f"{address}/download/1000000", timeout=20)
            assert (response.status_code, response.content, response.http_version) == (200, CONTENT, 30)
        response = session.post(f"{address}/up", data=CONTENT, timeout=20)
        assert response.content.startswith(b"POST /up 1000000 ")
        assert len(server.protocol.endpoint.connections()) == 1
        assert not server.protocol.errors


@pytest.mark.parametrize("browser", ["chrome", "firefox"])
def test_curl_as_a_browser(browser: Any, issued: Issued) -> None:
    # curl imitates a browser: its ClientHello, its SETTINGS, its transport parameters.
    authority: Any = str(issued.authority)
    with Server(issued.credentials) as server:
        response = curl_cffi.get(
            f"https://localhost:{server.port}/download/1000",
            verify=authority,
            impersonate=browser,
            http_version="v3only",
            timeout=20,
        )
        assert (response.content, response.http_version) == (CONTENT[:1000], 30)
        assert not server.protocol.errors


def changing(session: Any, server: Server, issued: Issued) -> Any:
    """Send requests whose fields change, check what is repeated, and return the connection."""
    for number in range(REQUESTS):
        fields = [(name.decode(), value.decode()) for name, value in varied(number)]
        response = session.get(
            f"https://localhost:{server.port}/fields", headers=dict(fields), verify=str(issued.authority), timeout=20
        )
        assert [(name, response.headers[name]) for name, _ in fields] == fields
    [connection] = server.protocol.endpoint.connections()
    assert not server.protocol.errors
    return connection


def test_curl_with_fields_that_change(issued: Issued) -> None:
    with Server(issued.credentials) as server, curl_cffi.Session(http_version="v3only") as session:
        assert inserted(changing(session, server, issued)) > 300


def test_curl_as_a_browser_with_fields_that_change(issued: Issued) -> None:
    # As a browser, curl allows and uses a table of 65,536 bytes. It counts its own insertions modulo this table even if
    # the server allows a smaller one (RFC 9204 4.5.1.1), so it gets none.
    limits = H3Limits(header_table_size=0)
    with (
        Server(issued.credentials, limits=limits) as server,
        curl_cffi.Session(http_version="v3only", impersonate="chrome") as session,
    ):
        assert insertions(changing(session, server, issued)) > 300


def test_niquests_with_fields_that_change(issued: Issued) -> None:
    with Server(issued.credentials) as server:
        known: Any = {("localhost", server.port): ("localhost", server.port)}
        with niquests.Session(quic_cache_layer=known) as session:
            connection = changing(session, server, issued)
            assert inserted(connection) > 300
            assert insertions(connection) > 300


def test_niquests(issued: Issued) -> None:
    with Server(issued.credentials) as server:
        known: Any = {("localhost", server.port): ("localhost", server.port)}
        address = f"https://localhost:{server.port}"
        with niquests.Session(quic_cache_layer=known) as session:
            for _ in range(3):
                response = session.get(f"{address}/download/1000000", verify=str(issued.authority), timeout=20)
                assert (response.status_code, response.content, response.http_version) == (200, CONTENT, 30)
            response = session.post(f"{address}/up", data=CONTENT, verify=str(issued.authority), timeout=20)
            assert response.content is not None
            assert response.content.startswith(b"POST /up 1000000 ")
        assert not server.protocol.errors
