"""A server on httptools: callbacks, and answers that are written by hand."""

import httptools


class Requests:
    """Collects the parser's callbacks, and queues complete requests."""

    def __init__(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.whole: list[tuple[bytes, int, bool]] = []
        self.url = b""
        self.size = 0

    def on_message_begin(self) -> None:
        self.url, self.size = b"", 0

    def on_url(self, url: bytes) -> None:
        self.url += url  # it may arrive in parts

    def on_body(self, body: bytes) -> None:
        self.size += len(body)

    def on_message_complete(self) -> None:
        self.whole.append((self.url, self.size, self.parser.should_keep_alive()))


def answers(received: bytes) -> bytes:
    requests = Requests()
    try:
        requests.parser.feed_data(received)
    except httptools.HttpParserError:
        return b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nConnection: close\r\n\r\n"
    output = b""
    for target, size, keep_alive in requests.whole:
        content = b"%s: %d bytes\n" % (target, size)
        output += b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n" % len(content)
        output += b"\r\n" if keep_alive else b"Connection: close\r\n\r\n"
        output += content
    return output


if __name__ == "__main__":
    upload = (
        b"PUT /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    )
    print(answers(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n" + upload))
    print(answers(b"GET /a HTTP/1.1\r\nHost a\r\n\r\n"))
