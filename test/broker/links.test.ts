import { duplexPair } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { connectPacket } from './packets.ts';
import { connected, type RunningBroker, runBroker, TOKEN, until } from './running-broker.ts';

let running: RunningBroker | null = null;
afterEach(() => running?.stop());

describe('links', () => {
  it('are not opened for who hangs up before the login is done', async () => {
    const open = new Set<string>();
    running = await runBroker(
      {},
      {
        links: {
          opened: ({ clientId }) => open.add(clientId),
          subscribed: () => undefined,
          closed: ({ clientId }) => open.delete(clientId),
        },
      },
    );
    const { broker } = running;
    for (let n = 0; n < 10; n += 1) {
      const [hasty, peer] = duplexPair();
      // At the first byte of CONNACK, behind which Aedes still sends what waited for the session.
      hasty.once('data', () => peer.destroy());
      broker.handleWebSocket(peer);
      hasty.write(
        connectPacket({ clientId: `hasty-${n}`, username: 'a', password: TOKEN, clean: n % 2 === 0 }),
      );
      await new Promise((resolve) => peer.once('close', resolve));
    }
    await until('all have gone', () => broker.counters().connections === 0);
    // What logs in behind them is ready when they would be.
    await connected(running.connect({ clientId: 'patient' }));
    await until('the patient one is there', () => open.has('patient'));
    expect([...open]).toEqual(['patient']);
  });
});
