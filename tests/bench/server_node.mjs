// The endpoints on Node's own server, as its users write it. Prints its address.
import { createServer } from "node:http";

import { endpoints } from "./server_endpoints.mjs";

const server = createServer(async (request, response) => {
  const endpoint = endpoints.get(new URL(request.url, "http://localhost").pathname);
  if (endpoint === undefined) {
    response.writeHead(404).end("no such endpoint\n");
    return;
  }
  const body = await endpoint();
  response.writeHead(200, { "content-type": "text/plain", "content-length": Buffer.byteLength(body) }).end(body);
});

server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
