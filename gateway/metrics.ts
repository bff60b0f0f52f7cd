import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { answerWithin } from './answer-within.ts';
import type { EngineStatus } from './engine/engine-calls.ts';

/** Where the figures come from, asked when /metrics is. */
export interface MetricSources {
  readonly engine: () => Promise<EngineStatus>;
  readonly journalPendingBytes: () => number;
  /** By name; each becomes `wayside_journal_<name>`. */
  readonly journal: () => Readonly<Record<string, number>>;
  /** By name; each becomes `wayside_<group>_<name>`. */
  readonly broker: () => Readonly<Record<string, number>>;
  readonly downlink?: () => Readonly<Record<string, number>>;
  /** Left out where there is no bridge. */
  readonly bridge?: () => Readonly<Record<string, number>>;
  readonly delivery: () => Promise<Readonly<Record<string, number | null>>>;
  /** What services refused for good, since the start. */
  readonly refusals: () => Promise<
    readonly { readonly origin: string; readonly status: number; readonly count: number }[]
  >;
}

/**
 * All figures for Prometheus. Nothing is counted twice: each is read where it is kept, when it is asked for. A part that does
 * not answer has `wayside_up` 0 and no figures: old ones would look like new ones.
 */
export function createMetrics(sources: MetricSources): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const up = new Gauge({
    name: 'wayside_up',
    help: 'Whether a part answers',
    labelNames: ['part'],
    registers: [registry],
  });
  const refused = new Counter({
    name: 'wayside_push_refused_total',
    help: 'Messages that a push service, webhook or mail server refused with a status that no repetition mends',
    labelNames: ['origin', 'status'],
    registers: [registry],
  });
  const told = new Set<string>();
  const tell = (name: string, value: number, help: string) => {
    new Gauge({ name, help, registers: [registry] }).set(value);
    told.add(name);
  };

  const tellEngine = (status: EngineStatus) => {
    const { journalSeq, engineSeq, telemetrySeq } = status;
    tell('wayside_journal_last_seq', journalSeq, 'Newest sequence number in the journal');
    tell('wayside_engine_seq', engineSeq, 'Journal sequence up to which the rules have seen everything');
    tell(
      'wayside_telemetry_seq',
      telemetrySeq,
      'Journal sequence up to which the telemetry store has everything',
    );
    tell(
      'wayside_engine_backlog',
      Math.max(0, journalSeq - engineSeq),
      'Sequence numbers that the rules have not reached',
    );
    tell(
      'wayside_telemetry_backlog',
      Math.max(0, journalSeq - telemetrySeq),
      'Sequence numbers that the telemetry store has not reached',
    );
    tell(
      'wayside_telemetry_backlog_bytes',
      status.telemetryBacklog.bytes,
      'Bytes in the journal that the telemetry store does not have yet',
    );
    tell(
      'wayside_telemetry_lag_ms',
      status.telemetryBacklog.lagMs,
      'Time since the oldest reading arrived that the telemetry store does not have yet, ms',
    );
    tell(
      'wayside_telemetry_taking',
      status.telemetryTrouble === null ? 1 : 0,
      'Whether the telemetry store took what it was given last',
    );
    tell(
      'wayside_telemetry_refused',
      status.telemetryRefused,
      'Readings since the start that the telemetry store will never take; they are in quarantine',
    );
    tell(
      'wayside_telemetry_memory_bytes',
      status.telemetryMemoryBytes,
      'What the embedded telemetry store holds in this process, of its file for the most part',
    );
    tell('wayside_rules', status.rules, 'Rules that are live or paused');
    tell('wayside_places', status.places, 'Places in the index');
    for (const [name, value] of Object.entries(status.counts))
      tell(`wayside_engine_${snake(name)}`, value, `Engine, since its start: ${name}`);
  };

  const collect = async () => {
    const [engine, delivery, refusals] = await Promise.all([
      answerWithin(sources.engine),
      answerWithin(sources.delivery),
      answerWithin(sources.refusals),
    ]);
    for (const name of told) registry.removeSingleMetric(name);
    told.clear();
    tell(
      'wayside_journal_pending_bytes',
      sources.journalPendingBytes(),
      'Payload bytes on their way to the disk',
    );
    for (const [name, value] of Object.entries(sources.journal()))
      tell(`wayside_journal_${snake(name)}`, value, `Journal: ${name}`);
    for (const [name, value] of Object.entries(sources.broker()))
      tell(`wayside_broker_${snake(name)}`, value, `Broker: ${name}`);
    for (const [name, value] of Object.entries(sources.downlink?.() ?? {}))
      tell(`wayside_downlink_${snake(name)}`, value, `Downlink: ${name}`);
    for (const [name, value] of Object.entries(sources.bridge?.() ?? {}))
      tell(`wayside_bridge_${snake(name)}`, value, `Bridge: ${name}`);
    up.set({ part: 'engine' }, engine.error === undefined ? 1 : 0);
    if (engine.error === undefined) tellEngine(engine.value);
    up.set({ part: 'delivery' }, delivery.error === undefined ? 1 : 0);
    for (const [name, value] of Object.entries(delivery.value ?? {}))
      tell(`wayside_delivery_${snake(name)}`, value ?? 0, `Delivery: ${name}`);
    refused.reset();
    for (const { origin, status, count } of refusals.value ?? [])
      refused.inc({ origin, status: String(status) }, count);
  };
  const exposition = registry.metrics.bind(registry);
  registry.metrics = async () => {
    await collect();
    return exposition();
  };
  return registry;
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
