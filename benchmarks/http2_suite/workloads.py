"""The measured work, row by row. `kind` names the task builder in each driver."""

from collections.abc import Sequence

from harness.suite import Workload
from http2_suite import messages as m

COLD = "cold request decoding"
WARM = "warm request decoding"
CHURN = "dynamic-table churn"
COLD_RESPONSES = "cold response decoding"
WARM_RESPONSES = "warm response decoding"
MULTIPLEXED = "100 multiplexed streams"
COLD_ENCODING = "cold encoding"
WARM_ENCODING = "warm encoding"
LONG_LIVED = "long-lived connection, request-response cycle"
TRANSFER = "transfer of 1 MiB"
CONTROL = "control frames"

UPLOAD_WIDE = "upload, wide windows"
UPLOAD_NARROW = "upload, windows of 64 KiB"
DOWNLOAD_WIDE = "download, wide windows"
DOWNLOAD_NARROW = "download, windows of 64 KiB"

REQUESTS = {
    "GET, tiny": m.TINY,
    "GET, API-sized": m.API,
    "GET, browser-sized": m.BROWSER,
    "GET, proxied": m.PROXIED,
}
RESPONSES = {
    "204": m.NO_CONTENT,
    "200, JSON": m.JSON,
    "200, 14 fields": m.RICH,
}


def read_requests(group: str, name: str, *requests: m.Request) -> Workload:
    """Have one connection, whose table is filled, read request after request."""
    return Workload(group, name, "read_requests", {"requests": requests})


def write_responses(name: str, *responses: m.Response) -> Workload:
    """Have one connection, whose table is filled, answer request after request."""
    return Workload(WARM_ENCODING, name, "write_responses", {"responses": responses})


def multiplexed(name: str, requests: Sequence[m.Request], response: m.Response | None) -> Workload:
    """Have one connection read 100 requests from one buffer, and answer them."""
    return Workload(MULTIPLEXED, name, "multiplex", {"requests": requests, "response": response, "at_once": 100})


def cycle(name: str, response: m.Response, *requests: m.Request) -> Workload:
    """Have one connection read a request, list its fields, and answer."""
    return Workload(LONG_LIVED, name, "serve", {"requests": requests, "response": response})


WORKLOADS: tuple[Workload, ...] = (
    *(Workload(COLD, name, "read_first_request", {"request": request}) for name, request in REQUESTS.items()),
    *(read_requests(WARM, name, request) for name, request in REQUESTS.items()),
    read_requests(WARM, "GET, API-sized, each different", *m.VARIED_API),
    read_requests(CHURN, "GET, 10 new fields each", *m.CHURNING),
    *(Workload(COLD_RESPONSES, name, "read_first_response", {"response": value}) for name, value in RESPONSES.items()),
    *(Workload(WARM_RESPONSES, name, "read_responses", {"responses": (value,)}) for name, value in RESPONSES.items()),
    multiplexed("100 GETs, read", m.VARIED_API, None),
    multiplexed("100 GETs, answered with JSON", m.VARIED_API, m.JSON),
    multiplexed("100 POSTs of JSON, interleaved, answered with JSON", (m.JSON_POST,), m.JSON),
    *(Workload(COLD_ENCODING, name, "write_first_response", {"response": value}) for name, value in RESPONSES.items()),
    Workload(COLD_ENCODING, "GET, API-sized", "write_first_request", {"request": m.API}),
    *(write_responses(name, value) for name, value in RESPONSES.items()),
    write_responses("200, 14 fields, 3 different each time", *m.VARIED_RICH),
    Workload(WARM_ENCODING, "GET, API-sized", "write_requests", {"requests": (m.API,)}),
    cycle("GET, tiny; 204", m.NO_CONTENT, m.TINY),
    cycle("GET, API-sized; 200, JSON", m.JSON, m.API),
    cycle("GET, API-sized, each different; 200, JSON", m.JSON, *m.VARIED_API),
    cycle("POST, JSON; 200, JSON", m.JSON, m.JSON_POST),
    Workload(TRANSFER, UPLOAD_WIDE, "upload", {"request": m.upload(m.MIB), "is_wide": True}),
    Workload(TRANSFER, UPLOAD_NARROW, "upload", {"request": m.upload(m.MIB), "is_wide": False}),
    Workload(TRANSFER, DOWNLOAD_WIDE, "download", {"response": m.download(m.MIB), "is_wide": True}),
    Workload(TRANSFER, DOWNLOAD_NARROW, "download", {"response": m.download(m.MIB), "is_wide": False}),
    Workload(CONTROL, "16 PINGs, answered", "acknowledge_pings", {"number": 16}),
    Workload(CONTROL, "16 SETTINGS, acknowledged", "acknowledge_settings", {"number": 16}),
)
