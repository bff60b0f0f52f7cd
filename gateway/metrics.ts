import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { EngineStatus } from './engine/engine-calls.ts';

/** Where the figures come from, asked when /metrics is. */
export interface MetricSources {
  readonly engine: () => Promise<EngineStatus>;
  readonly journalPendingBytes: () => number;
  /** By name; each becomes `wayside_<group>_<name>`. */
  readonly broker: () => Readonly<Record<string, number>>;
  readonly delivery: () => Promise<Readonly<Record<string, number | null>>>;
}

/** All figures for Prometheus. Nothing is counted twice: each is read where it is kept, when it is asked for. */
export function createMetrics(sources: MetricSources): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });

  const journal = {
    wayside_journal_last_seq: 'Newest sequence number in the journal',
    wayside_journal_pending_bytes: 'Payload bytes on their way to the disk',
  };
  const engine = {
    wayside_engine_seq: 'Journal sequence up to which the rules have seen everything',
    wayside_telemetry_seq: 'Journal sequence up to which the telemetry store has everything',
    wayside_engine_backlog: 'Sequence numbers that the rules have not reached',
    wayside_telemetry_backlog: 'Sequence numbers that the telemetry store has not reached',
    wayside_rules: 'Rules that are live or paused',
    wayside_places: 'Places in the index',
  };
  const gauges = new Map<string, Gauge>();
  const set = (name: string, value: number, help: string) => {
    let gauge = gauges.get(name);
    if (gauge === undefined) {
      gauge = new Gauge({ name, help, registers: [registry] });
      gauges.set(name, gauge);
    }
    gauge.set(value);
  };
  const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

  const collect = async () => {
    set(
      'wayside_journal_pending_bytes',
      sources.journalPendingBytes(),
      journal.wayside_journal_pending_bytes,
    );
    for (const [name, value] of Object.entries(sources.broker()))
      set(`wayside_broker_${snake(name)}`, value, `Broker: ${name}`);
    const status = await sources.engine();
    const { journalSeq } = status;
    set('wayside_journal_last_seq', journalSeq, journal.wayside_journal_last_seq);
    set('wayside_engine_seq', status.engineSeq, engine.wayside_engine_seq);
    set('wayside_telemetry_seq', status.telemetrySeq, engine.wayside_telemetry_seq);
    set('wayside_engine_backlog', Math.max(0, journalSeq - status.engineSeq), engine.wayside_engine_backlog);
    set(
      'wayside_telemetry_backlog',
      Math.max(0, journalSeq - status.telemetrySeq),
      engine.wayside_telemetry_backlog,
    );
    set('wayside_rules', status.rules, engine.wayside_rules);
    set('wayside_places', status.places, engine.wayside_places);
    for (const [name, value] of Object.entries(status.counts))
      set(`wayside_engine_${snake(name)}`, value, `Engine, since its start: ${name}`);
    for (const [name, value] of Object.entries(await sources.delivery())) {
      set(`wayside_delivery_${snake(name)}`, value ?? 0, `Delivery: ${name}`);
    }
  };
  const exposition = registry.metrics.bind(registry);
  registry.metrics = async () => {
    await collect();
    return exposition();
  };
  return registry;
}
