import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { ReceiverAnswer } from './push-receiver.ts';

/** A push service in a process of its own that takes everything. */
export interface Receiver {
  readonly origin: string;
  /** Messages since its start. */
  taken(): Promise<number>;
  /** Topic and time of arrival (epoch ms) of all since this was asked the last time. */
  arrivals(): Promise<readonly (readonly [string, number])[]>;
  stop(): void;
}

/** @param protocol `http`: in the clear; `h1`, `h2`: over TLS, with this certificate */
export async function startReceiver(
  protocol: 'http' | 'h1' | 'h2',
  tls: { readonly key: string; readonly cert: string } = { key: '', cert: '' },
): Promise<Receiver> {
  const child = fork(new URL('./push-receiver.ts', import.meta.url), [protocol, tls.key, tls.cert]);
  const next = async () => (await once(child, 'message'))[0] as ReceiverAnswer;
  const first = await next();
  if (first.kind !== 'listening') throw new Error('the receiver did not listen');
  return {
    origin: `${protocol === 'http' ? 'http' : 'https'}://127.0.0.1:${first.port}`,
    async taken() {
      const answer = next();
      child.send('count');
      const told = await answer;
      return told.kind === 'count' ? told.taken : 0;
    },
    async arrivals() {
      const answer = next();
      child.send('arrivals');
      const told = await answer;
      return told.kind === 'arrivals' ? told.arrivals : [];
    },
    stop: () => child.disconnect(),
  };
}
