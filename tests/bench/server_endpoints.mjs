// What each server of `scripts/bench --part server` answers, with the runtime's own WritableStream: one text for all of them.
//
//   path -> a function that gives the body, or its promise

const WRITES = 1000;
const CHUNK = "0123456789abcdef";

function hello() {
  return "Hello, world!\n";
}

// A stream for each request: 1,000 writes, each awaited, then close. The body is what the sink was given, in bytes.
async function writes() {
  let bytes = 0;
  const stream = new WritableStream({
    write(chunk) {
      bytes += chunk.length;
    },
  });
  const writer = stream.getWriter();
  for (let i = 0; i < WRITES; ++i) await writer.write(CHUNK);
  await writer.close();
  return `${bytes}\n`;
}

export const endpoints = new Map([["/hello", hello], ["/writes", writes]]);
