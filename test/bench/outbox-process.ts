import { fork } from 'node:child_process';
import { once } from 'node:events';
import { NODE_OPTIONS } from '../support/gateway.ts';
import type { OutboxOrder, OutboxReport } from './push-outbox.ts';

/** The delivery thread in a process of its own. */
export interface OutboxProcess {
  begin(): void;
  wake(): void;
  report(): Promise<OutboxReport>;
  stop(): Promise<void>;
}

/** @param certificate file of the authority that its push services are trusted by, or null */
export async function startOutboxProcess(
  order: OutboxOrder,
  certificate: string | null,
): Promise<OutboxProcess> {
  const child = fork(new URL('./push-outbox.ts', import.meta.url), [JSON.stringify(order)], {
    // As the gateway is started: they bound the young heap of each thread.
    execArgv: [...NODE_OPTIONS],
    env: { ...process.env, ...(certificate === null ? {} : { NODE_EXTRA_CA_CERTS: certificate }) },
  });
  await once(child, 'message');
  return {
    begin: () => child.send('begin'),
    wake: () => child.send('wake'),
    async report() {
      const answer = once(child, 'message');
      child.send('report');
      return (await answer)[0] as OutboxReport;
    },
    async stop() {
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}
