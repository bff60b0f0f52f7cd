import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { WaysideError } from '../../../gateway/errors.ts';
import { scannerThrough, serveScan } from '../../../gateway/telemetry/scan-port.ts';
import { NO_VALUES, type ScanBatch, type ScanQuery } from '../../../gateway/telemetry/telemetry-scan.ts';

const QUERY: ScanQuery = { from: 0, to: 10, deviceKeys: ['a'], numbers: ['speed'], metrics: false };

const batchOf = (seq: number): ScanBatch => ({
  rows: 1,
  device: Int32Array.of(0),
  receivedAt: Float64Array.of(seq),
  at: Float64Array.of(seq),
  seq: Float64Array.of(seq),
  bits: Uint8Array.of(0),
  lat: Float64Array.of(1),
  lon: Float64Array.of(2),
  numbers: { speed: Float64Array.of(3) },
  events: NO_VALUES,
  metrics: NO_VALUES,
});

/** A store that counts what it was asked for. */
function connected(scan: (query: ScanQuery) => AsyncIterable<ScanBatch>) {
  const { port1, port2 } = new MessageChannel();
  serveScan(port1, { scan });
  return scannerThrough(port2);
}

describe('a scan for another thread', () => {
  it('hands over every batch, in order, and no more of them than there is room for', async () => {
    let made = 0;
    let taken = 0;
    const scanner = connected(async function* (query) {
      expect(query).toEqual(QUERY);
      while (made < 20) {
        made += 1;
        yield batchOf(made);
      }
    });
    const seqs: number[] = [];
    for await (const batch of scanner.scan(QUERY)) {
      seqs.push(batch.seq[0] ?? 0);
      taken += 1;
      if (taken === 3) await sleep(50);
      // One is worked on, two are on their way, and one waits to go.
      expect(made).toBeLessThanOrEqual(taken + 3);
    }
    expect(seqs).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it('tells what went wrong', async () => {
    // biome-ignore lint/correctness/useYield: it fails before there is anything
    const scanner = connected(async function* () {
      throw new WaysideError('telemetry_unavailable', 'the disk is gone');
    });
    const all = async () => {
      for await (const batch of scanner.scan(QUERY)) expect(batch).toBeUndefined();
    };
    await expect(all()).rejects.toMatchObject({
      code: 'telemetry_unavailable',
      detail: 'the disk is gone',
    });
  });

  it('ends where nobody goes on with it', async () => {
    const ended = Promise.withResolvers<number>();
    const scanner = connected(async function* () {
      let made = 0;
      try {
        for (;;) {
          made += 1;
          yield batchOf(made);
        }
      } finally {
        ended.resolve(made);
      }
    });
    for await (const batch of scanner.scan(QUERY)) if (batch.seq[0] === 2) break;
    expect(await ended.promise).toBeLessThan(10);
  });
});
