import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createInfluxStore } from '../../../gateway/telemetry/influx-store.ts';
import type {
  RejectedPoint,
  TelemetryPoint,
  TelemetryStore,
  WriteOutcome,
} from '../../../gateway/telemetry/telemetry-store.ts';
import { type Fault, type InfluxProxy, startInfluxProxy } from '../../support/influx-proxy.ts';
import { createInfluxd, type Influxd, influxdMissing } from '../../support/influxd.ts';

const SKIPPED = influxdMissing === null ? '' : ` (skipped: ${influxdMissing})`;
const T0 = Date.UTC(2026, 2, 1, 12);
const POINTS = 12_000;
/** Their metric is a number here and a text there, because of somebody else. */
const BAD: readonly number[] = [1, 2, 4_999, 5_000, 5_001, 7_777, POINTS];
/** How long what hangs is waited for. All else has the time that a busy machine takes for an answer. */
const IMPATIENT_MS = 400;

const points: readonly TelemetryPoint[] = Array.from({ length: POINTS }, (_, index) => {
  const seq = index + 1;
  const metrics = BAD.includes(seq) ? { taken: seq } : { n: seq };
  return { deviceKey: 'device', at: T0 + seq, seq, receivedAt: T0, metrics, flags: [] };
});

type Retry = Extract<WriteOutcome, { kind: 'retry' }>;

/** As the telemetry writer does it, without the pauses: the same batch until it is stored. */
async function until(
  store: TelemetryStore,
  batch = points,
): Promise<{ rejected: readonly RejectedPoint[]; retries: Retry[] }> {
  const retries: Retry[] = [];
  for (;;) {
    const outcome = await store.write(batch, POINTS);
    if (outcome.kind === 'stored') return { rejected: outcome.rejected, retries };
    retries.push(outcome);
    expect(retries.length).toBeLessThan(50);
  }
}

const repeat = (fault: Fault, times = 1): Fault[] => Array.from({ length: times }, () => fault);
const answer = (status: number, headers: Record<string, string> = {}): Fault => ({
  kind: 'answer',
  status,
  headers,
});

describe.skipIf(influxdMissing !== null)(`InfluxDB behind a bad network${SKIPPED}`, () => {
  let influxd: Influxd;
  let proxy: InfluxProxy;
  let settings: Parameters<typeof createInfluxStore>[0];
  let store: TelemetryStore;
  let databases = 0;

  beforeAll(async () => {
    influxd = await createInfluxd();
    await influxd.start();
    proxy = await startInfluxProxy(influxd.url);
  });
  afterAll(async () => {
    await proxy?.stop();
    await influxd?.remove();
  });
  beforeEach(async () => {
    const bucket = `faults${++databases}`;
    proxy.next = [];
    proxy.otherwise = { kind: 'pass' };
    proxy.writes.length = 0;
    settings = { url: proxy.url, token: '', org: '', bucket };
    store = createInfluxStore(settings);
    await store.start();
    const foreign = await fetch(`${influxd.url}/write?db=${bucket}&precision=ms`, {
      method: 'POST',
      body: `readings,device=other taken.n="text" ${T0}`,
    });
    expect(foreign.status).toBe(204);
  });

  async function storedSeqs(): Promise<number[]> {
    const page = await store.read({ deviceKey: 'device', limit: 100_000 });
    return page.points.map((point) => point.at - T0);
  }

  const GOOD = points.map(({ seq }) => seq).filter((seq) => !BAD.includes(seq));

  it.each<[string, readonly Fault[], Fault, RegExp | null]>([
    ['nothing goes wrong', [], { kind: 'pass' }, null],
    ['connections are cut at once', repeat({ kind: 'cut_before' }, 5), { kind: 'pass' }, /does not answer/],
    ['bodies are cut', repeat({ kind: 'cut_body' }, 3), { kind: 'pass' }, /does not answer/],
    ['answers are cut', repeat({ kind: 'cut_answer' }, 3), { kind: 'pass' }, /does not answer/],
    ['it says 503 after storing', repeat({ kind: 'answer_after', status: 503 }, 3), { kind: 'pass' }, /503/],
    ['it says 500', repeat(answer(500), 3), { kind: 'pass' }, /500/],
    ['it is busy (429)', repeat(answer(429, { 'retry-after': '7' }), 3), { kind: 'pass' }, /429/],
    ['the token is wrong (401)', repeat(answer(401), 3), { kind: 'pass' }, /401.*WAYSIDE_INFLUX_TOKEN/],
    ['a proxy says 400 to everything', repeat(answer(400), 3), { kind: 'pass' }, /400/],
    ['a portal says 200 to everything', repeat(answer(200), 3), { kind: 'pass' }, /200 where 204 was due/],
    ['a proxy knows no such page (404)', repeat(answer(404), 2), { kind: 'pass' }, /404/],
    ['requests may have 100 kB', [], { kind: 'largest', bytes: 100_000 }, null],
    ['requests may have 2 kB', [], { kind: 'largest', bytes: 2_000 }, null],
    ['large requests hang', [], { kind: 'hangs_above', bytes: 150_000 }, /does not answer/],
    ['every answer takes its time', [], { kind: 'slow', ms: 60 }, null],
  ])(
    'stores the good lines once and gives back the bad ones when %s',
    async (_name, next, otherwise, said) => {
      proxy.next = [...next];
      proxy.otherwise = otherwise;
      const hangs = otherwise.kind === 'hangs_above';
      const writer = hangs ? createInfluxStore({ ...settings, timeoutMs: IMPATIENT_MS }) : store;
      if (hangs) await writer.start();
      const { rejected, retries } = await until(writer);
      expect(await storedSeqs()).toEqual(GOOD);
      expect(rejected.map(({ point }) => point.seq)).toEqual(BAD);
      for (const { message } of rejected) expect(message).toContain('field type conflict');
      if (said === null) expect(retries).toEqual([]);
      else expect(retries.map(({ message }) => message)).toContainEqual(expect.stringMatching(said));
    },
  );

  it('waits as long as Retry-After says, and half a minute where a person must mend something', async () => {
    const batch = points.slice(10, 12);
    proxy.next = [answer(429, { 'retry-after': '7' }), answer(503, { 'retry-after': '90000' }), answer(401)];
    const { retries } = await until(store, batch);
    expect(retries.map(({ afterMs }) => afterMs)).toEqual([7_000, 900_000, 30_000]);
  });

  it('asks again sooner at first, and within five seconds however long it lasts', async () => {
    proxy.next = repeat({ kind: 'cut_before' }, 8);
    const { retries } = await until(store, points.slice(10, 12));
    expect(retries.map(({ afterMs }) => afterMs)).toEqual([
      500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000, 5_000,
    ]);
  });

  it('finds that a body came short where InfluxDB stumbles over its last line', async () => {
    proxy.next = [{ kind: 'short_body' }];
    const batch = points.slice(100, 1_100);
    const { rejected } = await until(store, batch);
    expect(rejected).toEqual([]);
    expect(await storedSeqs()).toEqual(batch.map(({ seq }) => seq));
  });

  it('does not give up lines for a limit that the operator can lift', async () => {
    const body = JSON.stringify({
      error:
        'partial write: max-values-per-tag limit exceeded (100000/100000): measurement="readings" tag="device" value="device" dropped=2',
    });
    proxy.next = repeat({ kind: 'answer', status: 400, body }, 3);
    const { rejected, retries } = await until(store, points.slice(10, 12));
    expect(rejected).toEqual([]);
    expect(retries).toHaveLength(3);
    expect(retries[0]?.message).toContain('max-values-per-tag');
  });

  it('does not give up a small line because a proxy says 413 to everything', async () => {
    proxy.next = repeat(answer(413), 4);
    const { rejected, retries } = await until(store, points.slice(10, 11));
    expect(rejected).toEqual([]);
    expect(retries).toHaveLength(4);
  });

  it('goes on where it was when a long batch fails again and again', async () => {
    // Every second request fails: from the start each time, none would ever get through.
    proxy.next = Array.from({ length: 40 }, (_, index) =>
      index % 2 === 0 ? ({ kind: 'pass' } as const) : answer(503),
    );
    const { rejected } = await until(store);
    expect(await storedSeqs()).toEqual(GOOD);
    expect(rejected.map(({ point }) => point.seq)).toEqual(BAD);
  });

  it('keeps all of it once under faults of every kind in any order', async () => {
    const kinds: readonly Fault[] = [
      { kind: 'pass' },
      { kind: 'pass' },
      { kind: 'cut_before' },
      { kind: 'cut_body' },
      { kind: 'cut_answer' },
      { kind: 'answer_after', status: 503 },
      answer(429),
      answer(401),
      answer(400),
      { kind: 'largest', bytes: 60_000 },
      { kind: 'slow', ms: 20 },
    ];
    // A fixed order that a failure can be found with: a linear congruential generator (Numerical Recipes).
    let state = 42;
    proxy.next = Array.from({ length: 60 }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return kinds[Math.floor((state / 2 ** 32) * kinds.length)] ?? { kind: 'pass' };
    });
    const rejected: number[] = [];
    for (let start = 0; start < POINTS; start += 3_000) {
      const done = await until(store, points.slice(start, start + 3_000));
      rejected.push(...done.rejected.map(({ point }) => point.seq));
    }
    expect(rejected).toEqual(BAD);
    expect(await storedSeqs()).toEqual(GOOD);
  });
});
