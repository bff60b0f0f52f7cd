import { expect, it } from 'vitest';
import type { EngineStatus } from '../../gateway/engine/engine-calls.ts';
import { healthOf } from '../../gateway/health.ts';

const STATUS = {
  telemetryStore: 'duckdb',
  journalSeq: 100,
  engineSeq: 90,
  telemetrySeq: 40,
  engineTrouble: null,
  telemetryTrouble: null,
  telemetryBacklog: { bytes: 4_200_000, lagMs: 700 },
} as EngineStatus;
const backlog = { numbers: 60, bytes: 4_200_000, lagMs: 700 };
const well = {
  engine: async () => STATUS,
  records: async () => [],
  journalTrouble: () => null,
  sessionTrouble: () => null,
  delivery: async () => ({ ok: true as const }),
};

it('tells of every part that is well', async () => {
  expect(await healthOf(well)).toEqual({
    journal: { ok: true },
    records: { ok: true },
    sessions: { ok: true },
    engine: { ok: true },
    telemetry: { ok: true, detail: 'duckdb', backlog },
    delivery: { ok: true },
  });
});

it('names each part with what is wrong with it', async () => {
  const health = await healthOf({
    engine: async () => ({ ...STATUS, telemetryTrouble: 'away' }),
    records: async () => Promise.reject(new Error('no disk')),
    journalTrouble: () => 'disk full',
    sessionTrouble: () => 'no room',
    delivery: async () => ({ ok: false, degraded: true, detail: 'all sending is stopped' }),
  });
  expect(health).toEqual({
    journal: {
      ok: false,
      detail:
        'disk full; messages are not acknowledged until there is room; not taken yet: 10 numbers by the rules, 60 by duckdb',
    },
    records: { ok: false, detail: 'no disk' },
    sessions: { ok: false, detail: 'no room' },
    engine: { ok: true },
    telemetry: {
      ok: false,
      degraded: true,
      detail: 'away; the journal holds 4.2 MB for it, the oldest for 1 s',
      backlog,
    },
    delivery: { ok: false, degraded: true, detail: 'all sending is stopped' },
  });
});

it('a part that is not there, or never answers, keeps none of the others from being told', async () => {
  const health = await healthOf({
    ...well,
    engine: () => {
      throw new Error('not started');
    },
    records: () => new Promise(() => undefined),
    delivery: () => new Promise(() => undefined),
  });
  expect(health).toEqual({
    journal: { ok: true },
    records: { ok: false, detail: 'no answer within 2000 ms' },
    sessions: { ok: true },
    engine: { ok: false, detail: 'not started' },
    delivery: { ok: false, degraded: true, detail: 'no answer within 2000 ms' },
  });
});

it('says so when the store takes everything and is far behind', async () => {
  const telemetryBacklog = { bytes: 0, lagMs: 31_000 };
  const { telemetry } = await healthOf({ ...well, engine: async () => ({ ...STATUS, telemetryBacklog }) });
  expect(telemetry).toMatchObject({
    ok: false,
    degraded: true,
    detail: expect.stringContaining('catching up'),
  });
});
