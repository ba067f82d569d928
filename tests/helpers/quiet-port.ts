import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Above what releases are given, below what systems give to whoever asks for any port. */
const [FIRST, LAST] = [30_000, 32_767];

/** A port of 127.0.0.1 that nobody listens on, and that nobody gets by chance between one who leaves it and the next who takes it. */
export async function quietPort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, LAST + 1);
    const server = createServer().listen(port, "127.0.0.1");
    const isFree = await once(server, "listening").then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
