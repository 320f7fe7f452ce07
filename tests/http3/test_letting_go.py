"""A connection without references is freed at once, in every state, without the garbage collector."""

import gc
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.http3.h3_pair import Pair, credentials
from zttp_h3.connection import H3Connection
from zttp_h3.endpoint.endpoint import QuicEndpoint
from zttp_h3.options import CLIENT, SERVER


class Clock:
    """A wall clock that only its connection refers to."""

    def __call__(self) -> float:
        return time.time()


class Address:
    """An address that only the receiver of its datagrams refers to."""


@pytest.fixture(autouse=True)
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def in_handshake(pair: Pair) -> None:
    pair.request()
    pair.step()


def quiet(pair: Pair) -> None:
    pair.request()
    pair.run()
    pair.wait(1)


def in_a_request(pair: Pair) -> None:
    pair.run(lambda: pair.client.handshake_confirmed)
    pair.client.send_request(b"POST", b"/", b"3", [(b"host", b"localhost")]).send_data(b"some")
    pair.wait(0.1)


def closed(pair: Pair) -> None:
    in_a_request(pair)
    pair.client.close()
    pair.wait(0.1)


@pytest.mark.parametrize("reach", [in_handshake, quiet, in_a_request, closed])
def test_a_connection_is_gone_with_its_last_reference(reach: Callable[[Pair], None]) -> None:
    clocks = [Clock(), Clock()]
    pair = Pair(client={"wall_clock": clocks[0]}, server={"wall_clock": clocks[1]})
    references = [weakref.ref(clock) for clock in clocks]
    clocks.clear()
    reach(pair)
    assert [reference() is None for reference in references] == [False, False]
    del pair
    assert [reference() is None for reference in references] == [True, True]


def meet(endpoint: QuicEndpoint, client: H3Connection, address: Address) -> None:
    for now in range(1_000, 5_000, 1_000):
        for datagram in client.data_to_send(now):
            endpoint.receive_datagram(datagram, address, now)
        for leaving in endpoint.data_to_send(now=now):
            client.receive_datagram(leaving.data, now, "server")


@pytest.mark.parametrize("by_endpoint", [True, False])
def test_a_connection_of_an_endpoint_is_gone_once_it_is_discarded(by_endpoint: bool) -> None:
    endpoint = QuicEndpoint(credentials=credentials(), retry=False)
    address = Address()
    reference = weakref.ref(address)
    client = H3Connection(CLIENT, server_name="localhost", verify=credentials().certificate)
    client.send_request(b"GET", b"/", b"3", [(b"host", b"localhost")], end_stream=True)
    meet(endpoint, client, address)
    (connection,) = endpoint.connections()
    del address
    assert reference() is not None
    connection.close()
    if by_endpoint:
        endpoint.data_to_send(now=10_000)
    else:
        connection.data_to_send_with_addresses(10_000)
    endpoint.discard(connection)
    del connection
    assert reference() is None


def test_what_never_became_a_connection_goes_too() -> None:
    with pytest.raises(ValueError, match="role"):
        H3Connection(7)
    with pytest.raises(TypeError):
        H3Connection(CLIENT, nonsense=1)  # type: ignore[call-arg]


def test_an_address_may_refer_to_its_connection() -> None:
    """Such a cycle needs the collector, which must see all of it."""
    address: Any = Address()
    reference = weakref.ref(address)
    client = H3Connection(CLIENT, server_name="localhost", verify=credentials().certificate)
    address.connection = server = H3Connection(SERVER, credentials=credentials())
    server.receive_datagram(client.data_to_send(1)[0], 1, address)
    del address, server
    assert reference() is not None
    gc.collect()
    assert reference() is None
