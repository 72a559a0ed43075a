// The endpoints on Deno's own server. Prints its address.
import { endpoints } from "./server_endpoints.mjs";

async function answer(request) {
  const endpoint = endpoints.get(new URL(request.url).pathname);
  if (endpoint === undefined) return new Response("no such endpoint\n", { status: 404 });
  return new Response(await endpoint(), { headers: { "content-type": "text/plain" } });
}

Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(`http://127.0.0.1:${port}`) }, answer);
