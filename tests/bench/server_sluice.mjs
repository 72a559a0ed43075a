// The endpoints as an app of `sluice serve`.
import { endpoints } from "./server_endpoints.mjs";

export default {
  async fetch(request) {
    const endpoint = endpoints.get(new URL(request.url).pathname);
    if (endpoint === undefined) return new Response("no such endpoint\n", { status: 404 });
    return new Response(await endpoint(), { headers: { "content-type": "text/plain" } });
  },
};
