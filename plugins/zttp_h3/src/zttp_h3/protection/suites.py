"""The cipher suites of TLS 1.3 for QUIC, and the usage limits of each (RFC 9001 5.3, 5.4, 6.6).

AES-CCM is not supported: no common browser or server offers it.
"""

from typing import Final, final

from cryptography.hazmat.primitives.hashes import SHA256, SHA384, HashAlgorithm

from zttp_h3.native_ints import i64, mypyc_attr

TAG_SIZE: Final = 16
SAMPLE_SIZE: Final = 16
IV_SIZE: Final = 12

# RFC 9001 6.6: packets that one key protects, and forgeries on one connection.
_GCM_CONFIDENTIALITY: Final = 2**23
_GCM_INTEGRITY: Final = 2**52
_CHACHA_CONFIDENTIALITY: Final = 2**62 - 1  # more than there are packet numbers
_CHACHA_INTEGRITY: Final = 2**36


@final
@mypyc_attr(acyclic=True)
class Suite:
    """One cipher suite."""

    def __init__(
        self,
        identifier: i64,
        name: str,
        hash_algorithm: HashAlgorithm,
        key_size: i64,
        is_aes: bool,
        confidentiality_limit: i64,
        integrity_limit: i64,
    ) -> None:
        self.identifier: i64 = identifier  # RFC 8446 B.4
        self.name: str = name
        self.hash_algorithm: HashAlgorithm = hash_algorithm
        self.hash_size: i64 = hash_algorithm.digest_size
        self.key_size: i64 = key_size
        self.is_aes: bool = is_aes
        self.confidentiality_limit: i64 = confidentiality_limit
        self.integrity_limit: i64 = integrity_limit


AES_128_GCM: Final = Suite(0x1301, "TLS_AES_128_GCM_SHA256", SHA256(), 16, True, _GCM_CONFIDENTIALITY, _GCM_INTEGRITY)
AES_256_GCM: Final = Suite(0x1302, "TLS_AES_256_GCM_SHA384", SHA384(), 32, True, _GCM_CONFIDENTIALITY, _GCM_INTEGRITY)
CHACHA20_POLY1305: Final = Suite(
    0x1303, "TLS_CHACHA20_POLY1305_SHA256", SHA256(), 32, False, _CHACHA_CONFIDENTIALITY, _CHACHA_INTEGRITY
)
SUITES: Final[dict[int, Suite]] = {0x1301: AES_128_GCM, 0x1302: AES_256_GCM, 0x1303: CHACHA20_POLY1305}
