import { pino } from 'pino';
import { createDelivery } from '../../gateway/delivery/delivery-client.ts';
import type { VapidKeys } from '../../gateway/delivery/vapid-keys.ts';
import { TEST_RECORDS_KEY } from '../support/push-subscription.ts';

/** What this process is told in its first argument, as JSON. */
export interface OutboxOrder {
  readonly recordsFile: string;
  readonly vapidKeys: VapidKeys;
  readonly origins: readonly string[];
}

/** What it answers to `report`. */
export interface OutboxReport {
  readonly sent: number;
  readonly waiting: number;
  /** The most that it had resident since its start, MiB. */
  readonly peakMebibytes: number;
  /** User and system time of all its threads since the start, ms. */
  readonly cpuMs: number;
}

/** The delivery thread of the gateway in a process of its own, with nothing else in it. */
const order = JSON.parse(process.argv[2] ?? '{}') as OutboxOrder;
const BYTES_A_MEBIBYTE = 2 ** 20;

const delivery = createDelivery({
  recordsFile: order.recordsFile,
  vapidKeys: { current: order.vapidKeys, previous: [] },
  vapidSubject: 'mailto:ops@example.com',
  receiptKey: Buffer.alloc(32, 7),
  recordsKey: TEST_RECORDS_KEY,
  pushHosts: order.origins,
  mail: null,
  clockOrigin: { domainStart: Date.now(), realStart: Date.now(), timeScale: 1 },
  realNow: Date.now,
  log: pino({ level: 'error' }),
  onFailure: (error) => {
    throw error;
  },
});
await delivery.start();

async function report(): Promise<OutboxReport> {
  const { sent, outboxSize } = await delivery.counters();
  const { user, system } = process.cpuUsage();
  const { maxRSS } = process.resourceUsage(); // KiB
  return {
    sent,
    waiting: outboxSize,
    peakMebibytes: (maxRSS * 1024) / BYTES_A_MEBIBYTE,
    cpuMs: (user + system) / 1000,
  };
}

process.on('message', (question) => {
  if (question === 'begin') delivery.beginSending('https://offers.example');
  else if (question === 'wake') delivery.wake();
  else if (question === 'report') void report().then((told) => process.send?.(told));
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
