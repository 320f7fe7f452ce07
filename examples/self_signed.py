"""A self-signed certificate for development, made with the `openssl` command."""

import shutil
import ssl
import subprocess
from pathlib import Path

import zttp

KEY = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
MAKE = f"openssl req -x509 {KEY} -days 2 -subj /CN=zttp -addext subjectAltName=DNS:localhost,IP:127.0.0.1"
ALPN = [zttp.HTTP2, zttp.HTTP1]  # offered by both sides, the preferred one first


def is_possible() -> bool:
    """Return whether there is an `openssl` on this machine."""
    return shutil.which("openssl") is not None


def make(folder: Path) -> tuple[Path, Path]:
    """Write a certificate and its key into `folder`, and return their paths."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run([*MAKE.split(), "-out", certificate, "-keyout", key], check=True, capture_output=True)
    return certificate, key


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a server's context for TLS with ALPN."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(ALPN)
    return context


def client_context(certificate: Path | None = None, offers: list[str] = ALPN) -> ssl.SSLContext:
    """Return a client's context, which trusts this certificate, or without one those of the system."""
    context = ssl.create_default_context(cafile=certificate)
    context.set_alpn_protocols(offers)
    return context
