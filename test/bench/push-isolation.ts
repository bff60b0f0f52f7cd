import { loadavg } from 'node:os';
import webPush from 'web-push';
import type { PushFault } from '../../devices-sim/push-service/push-faults.ts';
import { createPushService } from '../../devices-sim/push-service/push-service.ts';
import { topicOf } from '../../gateway/delivery/push-request.ts';
import type { BenchResult } from './bench.ts';
import { type OutboxProcess, startOutboxProcess } from './outbox-process.ts';
import { percentile } from './percentiles.ts';
import { makePushRecords, type PushRecords } from './push-records.ts';
import { type Receiver, startReceiver } from './receivers.ts';

const ROUNDS = 6;
const SECONDS_A_PHASE = 10;
const PEOPLE = 500;
/** Each tick queues this many offers for the one and the other push service: 200 a second. */
const OFFERS_A_TICK = 10;
const TICK_MS = 50;
const BACKLOG = 2_000;
const HOLDS_FOR_MS = 30 * 60_000;
/** The last offers of a phase are given this long to arrive. */
const SETTLE_MS = 2_000;

const FAULTS: readonly PushFault[] = [
  { kind: 'hang' },
  { kind: 'reset' },
  { kind: 'status', status: 429, retryAfter: '2' },
  { kind: 'status', status: 429, retryAfter: 'Wed, 21 Oct 2099 07:28:00 GMT' },
  { kind: 'status', status: 500 },
  { kind: 'slow-headers' },
  { kind: 'redirect', status: 307, location: 'http://127.0.0.1:9/' },
];

interface Phase {
  readonly subject: string;
  readonly latencies: number[];
  lost: number;
}

/** How long offers to one push service take, alone and beside another one that does everything wrong. */
export async function isolation(share: number, progress: (line: string) => void): Promise<BenchResult> {
  const seconds = Math.max(2, SECONDS_A_PHASE * share);
  const good = await startReceiver('http');
  const misbehaved = new Map<PushFault['kind'], number>();
  const bad = await Promise.all(Array.from({ length: ROUNDS }, () => startBadService(misbehaved)));
  const vapidKeys = webPush.generateVAPIDKeys();
  const people = [
    { name: 'good', count: PEOPLE, origin: good.origin },
    ...bad.map(({ origin }, round) => ({ name: badName(round), count: PEOPLE, origin })),
  ];
  const records = await makePushRecords(people, vapidKeys.publicKey);
  const outbox = await startOutboxProcess(
    { recordsFile: records.recordsFile, vapidKeys, origins: people.map(({ origin }) => origin) },
    null,
  );
  outbox.begin();
  const alone: Phase = { subject: 'alone', latencies: [], lost: 0 };
  const beside: Phase = { subject: 'beside one that does everything wrong', latencies: [], lost: 0 };
  try {
    await run({ records, outbox, good }, { subject: 'warming up', latencies: [], lost: 0 }, seconds, []);
    for (let round = 0; round < ROUNDS; round += 1) {
      progress(`round ${round + 1} of ${ROUNDS}: alone`);
      await run({ records, outbox, good }, alone, seconds, []);
      progress(`round ${round + 1} of ${ROUNDS}: beside one that misbehaves`);
      await records.queue([badName(round)], BACKLOG, HOLDS_FOR_MS);
      await run({ records, outbox, good }, beside, seconds, [badName(round)]);
    }
  } finally {
    await outbox.stop();
    good.stop();
    for (const { stop } of bad) await stop();
    await records.stop();
  }
  for (const { kind } of FAULTS)
    if (!misbehaved.has(kind))
      throw new Error(`no push service did this wrong, so nothing was shown: ${kind}`);
  const p99 = ({ latencies }: Phase) => percentile(latencies, 0.99);
  return {
    name: 'push: one service misbehaves',
    conditions:
      `${ROUNDS} rounds in turn of ${seconds} s each, the one that misbehaves a new one in each: 200 offers a second to a push service that is well, alone and beside 200 a second and a ` +
      `backlog of ${BACKLOG} to one that hangs, resets, answers 429 (seconds and date), 500, redirects, and sends headers byte by byte. ` +
      `What it did: ${[...misbehaved].map(([kind, count]) => `${kind} ${count}`).join(', ')}. ` +
      'From the commit of the offer to the POST, each tick one statement that holds no lock between; delivery thread, generator and receiver in ' +
      `processes of their own. Load average at the end: ${loadavg()[0]?.toFixed(1)}.`,
    columns: ['offers', 'lost', 'p50 ms', 'p99 ms', 'longest ms'],
    rows: [alone, beside].map((phase) => ({
      subject: `Wayside, ${phase.subject}`,
      figures: {
        offers: phase.latencies.length,
        lost: phase.lost,
        'p50 ms': percentile(phase.latencies, 0.5),
        'p99 ms': p99(phase),
        'longest ms': Math.max(...phase.latencies),
      },
    })),
    ratios: [
      { name: "the others' p99, beside : alone", value: p99(beside) / p99(alone), aim: '1.2 or less' },
    ],
  };
}

function badName(round: number): string {
  return `bad-${round}`;
}

/** @param misbehaved counts what it does */
async function startBadService(misbehaved: Map<PushFault['kind'], number>) {
  const service = createPushService({
    host: '127.0.0.1',
    port: 0,
    now: Date.now,
    onEvent(event) {
      if (event.kind === 'misbehaved') misbehaved.set(event.fault, (misbehaved.get(event.fault) ?? 0) + 1);
    },
  });
  service.faults.repeat(FAULTS);
  const { origin } = await service.start();
  return { origin, stop: () => service.stop() };
}

async function run(
  { records, outbox, good }: { records: PushRecords; outbox: OutboxProcess; good: Receiver },
  phase: Phase,
  seconds: number,
  others: readonly string[],
): Promise<void> {
  await good.arrivals();
  const queuedAt = new Map<string, number>();
  const names = ['good', ...others];
  const startedAt = performance.now();
  for (let tick = 0; tick * TICK_MS < seconds * 1000; tick += 1) {
    const waitMs = startedAt + tick * TICK_MS - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const ids = await records.queue(names, OFFERS_A_TICK, HOLDS_FOR_MS);
    const at = performance.timeOrigin + performance.now();
    for (const [index, id] of ids.entries())
      if (names[index % names.length] === 'good') queuedAt.set(topicOf(id), at);
    outbox.wake();
  }
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const arrived = new Set<string>();
  for (const [topic, at] of await good.arrivals()) {
    const since = queuedAt.get(topic);
    if (since === undefined || arrived.has(topic)) continue;
    arrived.add(topic);
    phase.latencies.push(at - since);
  }
  phase.lost += queuedAt.size - arrived.size;
}
