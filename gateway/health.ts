import { answerWithin } from './answer-within.ts';
import type { EngineStatus } from './engine/engine-calls.ts';
import type { PartHealth } from './http/dependencies.ts';

/** State of every part, for /readyz. A part that does not answer in time is named, and keeps none of the others from being told. */
export async function healthOf(parts: {
  readonly engine: () => Promise<EngineStatus>;
  readonly records: () => Promise<unknown>;
  readonly journalTrouble: () => string | null;
  /** Left out where there is no bridge. */
  readonly bridge?: () => PartHealth;
}): Promise<Readonly<Record<string, PartHealth>>> {
  const trouble = parts.journalTrouble();
  const [records, engine] = await Promise.all([answerWithin(parts.records), answerWithin(parts.engine)]);
  return {
    journal: journal(trouble, engine.value),
    records: records.error !== undefined ? { ok: false, detail: records.error } : { ok: true },
    ...(engine.error === undefined
      ? {
          engine: part(engine.value.engineTrouble),
          telemetry: part(engine.value.telemetryTrouble, engine.value.telemetryStore),
        }
      : { engine: { ok: false, detail: engine.error } }),
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

function part(trouble: string | null, name?: string): PartHealth {
  if (trouble !== null) return { ok: false, detail: trouble };
  return name === undefined ? { ok: true } : { ok: true, detail: name };
}
