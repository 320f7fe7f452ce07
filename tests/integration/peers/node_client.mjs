// Drives a server with Node's http2 and prints what it saw as JSON: `node node_client.mjs URL [CERTIFICATE]`.
import http2 from "node:http2";
import { once } from "node:events";
import { readFileSync } from "node:fs";

const [url, certificate] = process.argv.slice(2);
const options = { settings: { initialWindowSize: 1000 } };
const session = http2.connect(url, certificate ? { ...options, ca: readFileSync(certificate) } : options);
await once(session, "connect");

async function exchange(headers, content) {
  const stream = session.request(headers);
  const seen = { informational: [], trailers: {}, size: 0, text: "", reset: 0 };
  stream.on("headers", (fields) => seen.informational.push([fields[":status"], fields.link]));
  stream.on("trailers", (fields) => Object.assign(seen.trailers, fields));
  stream.on("response", (fields) => (seen.status = fields[":status"]));
  stream.on("data", (piece) => {
    seen.size += piece.length;
    if (seen.text.length < 1000) seen.text += piece.toString("latin1");
  });
  stream.on("error", () => {});
  stream.end(content);
  await once(stream, "close");
  seen.reset = stream.rstCode;
  return seen;
}

const concurrent = await Promise.all(
  Array.from({ length: 100 }, (_, number) => exchange({ ":path": `/number/${number}` })),
);
const smallWindow = await exchange({ ":path": "/download/8" });
session.settings({ initialWindowSize: 4 * 1024 * 1024 });
await once(session, "localSettings");
session.setLocalWindowSize(8 * 1024 * 1024);
const largeWindow = await exchange({ ":path": "/download/128" });
const upload = await exchange({ ":path": "/upload", ":method": "POST" }, Buffer.alloc(4 * 1024 * 1024, "x"));
const hints = await exchange({ ":path": "/hints" });
const trailers = await exchange({ ":path": "/trailers", te: "trailers" });
const incomplete = await exchange({ ":path": "/incomplete" });
const head = await exchange({ ":path": "/download/3", ":method": "HEAD" });

const cancelled = session.request({ ":path": "/gone/node" });
await once(cancelled, "data");
cancelled.close(http2.constants.NGHTTP2_CANCEL);
const noticed = await exchange({ ":path": "/notice/node" });

const pong = await new Promise((resolve) => session.ping(Buffer.from("8 bytes!"), (_, __, data) => resolve(data)));
console.log(
  JSON.stringify({
    concurrent: concurrent.map((seen) => seen.text),
    smallWindow: smallWindow.size,
    largeWindow: largeWindow.size,
    upload: JSON.parse(upload.text).length,
    hints: [hints.status, hints.text, hints.informational],
    trailers: [trailers.text, trailers.trailers],
    incomplete: [incomplete.text, incomplete.reset],
    head: [head.status, head.size],
    noticed: noticed.status,
    pong: pong.toString(),
  }),
);
session.close();
