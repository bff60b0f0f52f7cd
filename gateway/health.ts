import { answerWithin } from './answer-within.ts';
import type { EngineStatus } from './engine/engine-calls.ts';
import type { PartHealth } from './http/dependencies.ts';

/** State of every part, for /readyz. A part that does not answer in time is named, and keeps none of the others from being told. */
export async function healthOf(parts: {
  readonly engine: () => Promise<EngineStatus>;
  readonly records: () => Promise<unknown>;
  readonly journalTrouble: () => string | null;
  /** Why MQTT sessions can't be written, or null. */
  readonly sessionTrouble: () => string | null;
  /** Left out where there is no bridge. */
  readonly bridge?: () => PartHealth;
  readonly delivery: () => Promise<PartHealth>;
}): Promise<Readonly<Record<string, PartHealth>>> {
  const trouble = parts.journalTrouble();
  const [records, engine, delivery] = await Promise.all([
    answerWithin(parts.records),
    answerWithin(parts.engine),
    answerWithin(parts.delivery),
  ]);
  return {
    journal: journal(trouble, engine.value),
    records: records.error !== undefined ? { ok: false, detail: records.error } : { ok: true },
    sessions: troubleOf(parts.sessionTrouble()),
    ...(engine.error === undefined
      ? {
          engine: troubleOf(engine.value.engineTrouble),
          telemetry: telemetry(engine.value),
        }
      : { engine: { ok: false, detail: engine.error } }),
    delivery:
      delivery.error === undefined ? delivery.value : { ok: false, degraded: true, detail: delivery.error },
    ...(parts.bridge !== undefined && { bridge: parts.bridge() }),
  };
}

/** Nothing is acknowledged meanwhile; what makes room is said too: those who have not taken what the journal holds. */
function journal(trouble: string | null, engine: EngineStatus | undefined): PartHealth {
  if (trouble === null) return { ok: true };
  const behind =
    engine === undefined
      ? ''
      : `; not taken yet: ${engine.journalSeq - engine.engineSeq} numbers by the rules, ${engine.journalSeq - engine.telemetrySeq} by ${engine.telemetryStore}`;
  return { ok: false, detail: `${trouble}; messages are not acknowledged until there is room${behind}` };
}

function troubleOf(trouble: string | null): PartHealth {
  return trouble === null ? { ok: true } : { ok: false, detail: trouble };
}

/** A store that is this far behind is worth a word, though it takes all that it is given. */
const NOTABLE_LAG_MS = 30_000;

/**
 * Never a reason to take the gateway out of service: devices would find nobody, where now they are acknowledged and the
 * journal keeps what they say. Should the journal fill up meanwhile, that is the journal's own state.
 */
function telemetry(engine: EngineStatus): PartHealth {
  const { telemetryStore, telemetryTrouble, journalSeq, telemetrySeq, telemetryBacklog } = engine;
  const { bytes, lagMs } = telemetryBacklog;
  const backlog = { numbers: Math.max(0, journalSeq - telemetrySeq), bytes, lagMs };
  const waiting = `the journal holds ${(bytes / 1e6).toFixed(1)} MB for it, the oldest for ${Math.round(lagMs / 1000)} s`;
  if (telemetryTrouble !== null)
    return { ok: false, degraded: true, detail: `${telemetryTrouble}; ${waiting}`, backlog };
  if (lagMs > NOTABLE_LAG_MS)
    return { ok: false, degraded: true, detail: `${telemetryStore} is catching up; ${waiting}`, backlog };
  return { ok: true, detail: telemetryStore, backlog };
}
