"""``python -m zttp`` and ``zttp``: what is installed, and inspection of connections.

Exit status: 0 on success, 1 for a fault that was found or a transfer that failed, 2 for wrong usage, 130 after
control-C. An error is one line on the standard error.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path

from zttp.commands.usage import WrongUsageError
from zttp_core.installed import version_of
from zttp_core.lookup_errors import UnknownProtocolError

DESCRIPTION = "HTTP without I/O: what is installed, and a look at what goes over a connection."
EPILOG = "Commands that open connections are for looking, not for production."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0 on success."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # texts of plugins may be in any script
    try:
        return _greet(parser) if options.command is None else _run(options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader has closed the pipe
        sys.stderr.close()
        return 1
    except (OSError, ValueError, LookupError, OverflowError) as error:
        print(f"zttp {options.command}: {_one_line(error)}", file=sys.stderr)
        return 2 if isinstance(error, WrongUsageError | UnknownProtocolError) else 1


def _run(options: argparse.Namespace) -> int:
    # Each command is imported when it is run: `protocols` needs no sockets.
    if options.command == "protocols":
        from zttp.commands import installed

        return installed.protocols(as_json=options.json, load=options.load)
    if options.command == "doctor":
        from zttp.commands import installed

        return installed.doctor(as_json=options.json)
    if options.command == "decode":
        from zttp.commands import decode

        return decode.run(
            options.file,
            options.protocol,
            options.role,
            as_json=options.json,
            method=options.method,
            key_log=options.key_log,
        )
    if options.command == "serve":
        from zttp.commands import serve

        return serve.run(options)
    from zttp.commands import get

    return get.run(options)


def _greet(parser: argparse.ArgumentParser) -> int:
    """Without arguments: the help, and what is installed."""
    from zttp.commands import installed

    parser.print_help()
    print()
    return installed.protocols(as_json=False, load=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="zttp", description=DESCRIPTION, epilog=EPILOG, formatter_class=_wide)
    parser.add_argument("--version", action="version", version=f"zttp {version_of('zttp') or 'from its sources'}")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND")

    listing = commands.add_parser("protocols", help="list the protocols: installed, missing, broken")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.add_argument("--load", action="store_true", help="import the plugins, to know and check all of each")

    checking = commands.add_parser("doctor", help="check the installation, for a bug report")
    checking.add_argument("--json", action="store_true", help="print JSON")

    decoding = commands.add_parser("decode", help="show the events and errors of a captured stream of bytes")
    decoding.add_argument(
        "file", metavar="FILE", help="the bytes that one side received, or a pcap of HTTP/3; - is stdin"
    )
    decoding.add_argument("--protocol", help="its ALPN identifier; without it the first bytes decide")
    decoding.add_argument("--role", choices=("server", "client"), help="who received them; the first bytes tell, too")
    decoding.add_argument("--method", default="GET", help="what a response answers (%(default)s): HEAD has no content")
    decoding.add_argument("--key-log", type=Path, metavar="FILE", help="what SSLKEYLOGFILE named, for HTTP/3")
    decoding.add_argument("--json", action="store_true", help="a JSON object a line")

    serving = commands.add_parser("serve", help="serve the files of a directory")
    serving.add_argument("directory", type=Path, metavar="DIRECTORY")
    serving.add_argument(
        "--bind", default="127.0.0.1", metavar="ADDRESS", help="default: %(default)s, this machine alone"
    )
    serving.add_argument("--port", type=int, default=8000, help="default: %(default)s; 0 takes a free one")
    serving.add_argument("--certificate", type=Path, metavar="PEM", help="with TLS: HTTP/2 by ALPN, HTTP/3 over UDP")
    serving.add_argument("--key", type=Path, metavar="PEM", help="the key of the certificate")
    serving.add_argument("--trace", action="store_true", help="show events and frames as they pass")

    getting = commands.add_parser("get", help="fetch a URL")
    getting.add_argument("url", metavar="URL")
    getting.add_argument("--protocol", help="http/1.1, h2 or h3; without it ALPN decides, or HTTP/1.1")
    getting.add_argument("--output", "-o", metavar="FILE", help="write the content there")
    getting.add_argument("--header", "-H", action="append", default=[], metavar="NAME:VALUE", help="one more field")
    getting.add_argument("--timeout", type=float, default=30.0, help="seconds without progress (%(default)s)")
    getting.add_argument("--cacert", type=Path, metavar="PEM", help="trust these authorities")
    getting.add_argument("--insecure", action="store_true", help="trust whoever answers")
    getting.add_argument("--key-log", type=Path, metavar="FILE", help="write the secrets of TLS there, for decode")
    getting.add_argument("--trace", action="store_true", help="show events and frames as they pass")
    getting.add_argument("--quiet", "-q", action="store_true", help="no progress bar")
    return parser


def _wide(prog: str) -> argparse.HelpFormatter:
    return argparse.HelpFormatter(prog, max_help_position=20, width=100)


def _one_line(error: Exception) -> str:
    from zttp_core.wording import one_line

    return one_line(str(error)) or type(error).__name__


if __name__ == "__main__":  # pragma: no cover - tested in a process of its own
    sys.exit(main())
