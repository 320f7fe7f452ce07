"""The identity of every server of this suite: a self-signed certificate for ``localhost``, with its key.

Made only for this file. Clients pin it or check no chain, so that a handshake costs one signature and its check.
"""

import base64

CERTIFICATE_PEM = b"""-----BEGIN CERTIFICATE-----
MIIBPjCB5aADAgECAgEBMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMMCWxvY2FsaG9z
dDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFDESMBAGA1UEAwwJ
bG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE/9tCejzVXc5OVnjg
Q5WtJrXbO5LbAtcZ6Gyecs6f+0npMaO6ptnCDj/daQwV0eiS5nmZqrJavrJh/iWJ
qepCF6MmMCQwFAYDVR0RBA0wC4IJbG9jYWxob3N0MAwGA1UdEwEB/wQCMAAwCgYI
KoZIzj0EAwIDSAAwRQIgXApBywTgG8R83gIV3szF06Wxwz2cuWVrxjtp0R9LLHcC
IQDAjNmFeHmxKoKU9msWyxsqouZr2ZO+MmLSyfTya9oNQA==
-----END CERTIFICATE-----
"""
KEY_PEM = b"""-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgFWIYwcmhm5mwXZw4
D8EMIk3BE72ZU6h2EmxRjhuFa5uhRANCAAT/20J6PNVdzk5WeOBDla0mtds7ktsC
1xnobJ5yzp/7Sekxo7qm2cIOP91pDBXR6JLmeZmqslq+smH+JYmp6kIX
-----END PRIVATE KEY-----
"""


def _der(pem: bytes) -> bytes:
    return base64.b64decode(b"".join(pem.splitlines()[1:-1]))


SERVER_NAME = "localhost"
CERTIFICATE = _der(CERTIFICATE_PEM)
KEY_SCALAR = _der(KEY_PEM)[36:68]
"""The 32 bytes of the private number: where it lies in this file's key (RFC 5915, RFC 5958)."""
