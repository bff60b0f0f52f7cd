import { expect, it } from 'vitest';
import type { EngineStatus } from '../../gateway/engine/engine-calls.ts';
import { createMetrics } from '../../gateway/metrics.ts';

const STATUS = {
  journalSeq: 10,
  engineSeq: 8,
  telemetrySeq: 4,
  rules: 2,
  places: 3,
  counts: { readings: 7 },
  telemetryTrouble: 'away',
  telemetryBacklog: { bytes: 11, lagMs: 12 },
  telemetryRefused: 13,
  telemetryMemoryBytes: 14,
} as unknown as EngineStatus;

it('are read where they are kept; a part that does not answer has none, and keeps none of the others away', async () => {
  let engine: () => Promise<EngineStatus> = async () => STATUS;
  const registry = createMetrics({
    engine: () => engine(),
    journalPendingBytes: () => 5,
    journal: () => ({ usedBytes: 9 }),
    broker: () => ({ inFlightBytes: 6 }),
    delivery: async () => ({ sent: 1, oldestCreatedAt: null }),
    refusals: async () => [{ origin: 'https://push.example', status: 403, count: 3 }],
  });
  const lines = async () =>
    (await registry.metrics()).split('\n').filter((line) => line.startsWith('wayside'));
  const others = [
    'wayside_broker_in_flight_bytes 6',
    'wayside_delivery_oldest_created_at 0',
    'wayside_delivery_sent 1',
    'wayside_journal_pending_bytes 5',
    'wayside_journal_used_bytes 9',
    'wayside_push_refused_total{origin="https://push.example",status="403"} 3',
    'wayside_up{part="delivery"} 1',
  ];
  const well = [
    ...others,
    'wayside_engine_backlog 2',
    'wayside_engine_readings 7',
    'wayside_engine_seq 8',
    'wayside_journal_last_seq 10',
    'wayside_places 3',
    'wayside_rules 2',
    'wayside_telemetry_backlog 6',
    'wayside_telemetry_backlog_bytes 11',
    'wayside_telemetry_lag_ms 12',
    'wayside_telemetry_memory_bytes 14',
    'wayside_telemetry_refused 13',
    'wayside_telemetry_taking 0',
    'wayside_telemetry_seq 4',
    'wayside_up{part="engine"} 1',
  ].sort();
  expect((await lines()).sort()).toEqual(well);
  engine = () => new Promise(() => undefined);
  expect((await lines()).sort()).toEqual([...others, 'wayside_up{part="engine"} 0'].sort());
  engine = async () => STATUS;
  expect((await lines()).sort()).toEqual(well);
});
