import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import webPush from 'web-push';
import { selfSignedCertificate } from '../support/self-signed.ts';
import type { BenchResult } from './bench.ts';
import { startOutboxProcess } from './outbox-process.ts';
import { makePushRecords } from './push-records.ts';
import { startReceiver } from './receivers.ts';

const OFFERS = 100_000;
const PEOPLE = 10_000;
const HOUR_MS = 3_600_000;
const LOOK_EVERY_MS = 500;
const WITHIN_MS = 20 * 60_000;

/** A full outbox, drained: rate, and what the process with the delivery thread takes of memory. */
export async function drain(share: number, progress: (line: string) => void): Promise<BenchResult> {
  const [offers, people] = [Math.round(OFFERS * share), Math.max(1, Math.round(PEOPLE * share))];
  const dir = await mkdtemp(join(tmpdir(), 'wayside-bench-drain-'));
  const tls = await selfSignedCertificate();
  const certificate = join(dir, 'ca.pem');
  await writeFile(certificate, tls.cert);
  const receiver = await startReceiver('h2', tls);
  const { origin } = receiver;
  const vapidKeys = webPush.generateVAPIDKeys();
  const records = await makePushRecords([{ name: 'person', count: people, origin }], vapidKeys.publicKey);
  progress(`queueing ${offers} offers`);
  await records.queue(['person'], offers, HOUR_MS);
  const outbox = await startOutboxProcess(
    { recordsFile: records.recordsFile, vapidKeys, origins: [origin] },
    certificate,
  );
  try {
    const before = await outbox.report();
    const startedAt = performance.now();
    outbox.begin();
    let report = before;
    while (report.waiting > 0) {
      if (performance.now() - startedAt > WITHIN_MS) throw new Error(`${report.waiting} offers still wait`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      report = await outbox.report();
      progress(`${report.waiting} wait, ${Math.round(report.peakMebibytes)} MiB`);
    }
    const seconds = (performance.now() - startedAt) / 1000;
    const topics = new Set((await receiver.arrivals()).map(([topic]) => topic));
    const taken = await receiver.taken();
    if (topics.size !== offers) throw new Error(`${topics.size} offers arrived of ${offers}`);
    return {
      name: 'push: a full outbox',
      conditions:
        `${offers} offers to ${people} people, queued in SQLite before the delivery thread started; its process has nothing else in it. ` +
        `HTTP/2 over TLS on loopback, receiver in another process. Each row is read, checked, sent and written. Load average at the end: ${loadavg()[0]?.toFixed(1)}.`,
      columns: ['offers/s', 'seconds', 'CPU ms an offer', 'peak resident MiB', 'sent twice'],
      rows: [
        {
          subject: `Wayside, ${offers} queued offers`,
          figures: {
            'offers/s': offers / seconds,
            seconds,
            'CPU ms an offer': ((report.cpuMs - before.cpuMs) / offers).toFixed(3),
            'peak resident MiB': report.peakMebibytes,
            'sent twice': taken - offers,
          },
        },
      ],
      ratios: [{ name: 'peak resident MiB', value: report.peakMebibytes, aim: 'below 381 (400 MB)' }],
    };
  } finally {
    await outbox.stop();
    receiver.stop();
    await records.stop();
    await rm(dir, { recursive: true });
  }
}
