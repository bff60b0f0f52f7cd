import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that a system hands out by itself (Linux from 32768, others from 49152). */
const FROM = 20_000;
const TO = 32_000;

/**
 * A loopback port that nobody listens on, for a server that is killed and comes back to it: what asks the system for any port meanwhile,
 * in this test or in one beside it, does not get this one.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FROM, TO);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EADDRINUSE') throw error;
        return false;
      },
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
