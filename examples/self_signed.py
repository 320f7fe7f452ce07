"""A certificate for development, signed by itself: made with the `openssl` command, and trusted by name alone."""

import shutil
import ssl
import subprocess
from pathlib import Path

import zttp

KEY = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
MAKE = f"openssl req -x509 {KEY} -days 2 -subj /CN=zttp -addext subjectAltName=DNS:localhost,IP:127.0.0.1"
ALPN = [zttp.HTTP2, zttp.HTTP1]  # what both sides offer, the better one first


def is_possible() -> bool:
    """Return whether there is an `openssl` on this machine."""
    return shutil.which("openssl") is not None


def make(folder: Path) -> tuple[Path, Path]:
    """Write a certificate and its key into `folder`, and return where they are."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run([*MAKE.split(), "-out", certificate, "-keyout", key], check=True, capture_output=True)
    return certificate, key


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return what a server needs for TLS with ALPN."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(ALPN)
    return context


def client_context(certificate: Path | None = None, offers: list[str] = ALPN) -> ssl.SSLContext:
    """Return what a client needs: it trusts this certificate, or without one what the system trusts."""
    context = ssl.create_default_context(cafile=certificate)
    context.set_alpn_protocols(offers)
    return context
