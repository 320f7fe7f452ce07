"""What zttp does not do: each is tried, so that the matrix says no for as long as that is so."""

import zttp
from tests.docs.features.probing import probe, said


@probe
def push() -> str:
    public = [*dir(zttp.H2Connection), *dir(zttp.H3Connection), *dir(zttp.Stream)]
    return said(any("push" in name for name in public))


@probe
def webtransport() -> str:
    return said(any("webtransport" in name.lower() for name in dir(zttp)))


@probe
def path_mtu() -> str:
    """Whether a datagram becomes larger than the first one, whatever is sent."""
    credentials = zttp.TlsCredentials.self_signed("localhost")
    client = zttp.Connection(zttp.CLIENT, "h3", server_name="localhost", verify=credentials.certificate)
    server = zttp.Connection(zttp.SERVER, "h3", credentials=credentials)
    client.send_request(b"POST", b"/", b"3", [(b"host", b"localhost")]).send_data(b"x" * 200_000)
    sizes = []
    for now in range(1_000, 40_000, 2_000):
        for datagram in client.data_to_send(now):
            sizes.append(len(datagram))
            server.receive_datagram(datagram, now)
        for datagram in server.data_to_send(now + 1_000):
            client.receive_datagram(datagram, now + 1_000)
    assert sum(sizes) > 100_000
    return said(max(sizes) > sizes[0])
