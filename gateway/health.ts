import type { EngineStatus } from './engine/engine-calls.ts';
import type { PartHealth } from './http/dependencies.ts';

/** Seconds-old answers would lie; a thread that does not answer for this long is not well. */
const ANSWER_WITHIN_MS = 2_000;

/** State of every part, for /readyz. A part that does not answer in time is named, and keeps none of the others from being told. */
export async function healthOf(parts: {
  readonly engine: () => Promise<EngineStatus>;
  readonly records: () => Promise<unknown>;
  readonly journalTrouble: () => string | null;
}): Promise<Readonly<Record<string, PartHealth>>> {
  const trouble = parts.journalTrouble();
  const [records, engine] = await Promise.all([answer(parts.records), answer(parts.engine)]);
  return {
    journal: trouble === null ? { ok: true } : { ok: false, detail: trouble },
    records: records.error !== undefined ? { ok: false, detail: records.error } : { ok: true },
    ...(engine.error === undefined
      ? {
          engine: part(engine.value.engineTrouble),
          telemetry: part(engine.value.telemetryTrouble, engine.value.telemetryStore),
        }
      : { engine: { ok: false, detail: engine.error } }),
  };
}

function part(trouble: string | null, name?: string): PartHealth {
  if (trouble !== null) return { ok: false, detail: trouble };
  return name === undefined ? { ok: true } : { ok: true, detail: name };
}

async function answer<T>(
  ask: () => Promise<T>,
): Promise<{ value: T; error?: undefined } | { value?: undefined; error: string }> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<{ error: string }>((resolve) => {
    timer = setTimeout(() => resolve({ error: `no answer within ${ANSWER_WITHIN_MS} ms` }), ANSWER_WITHIN_MS);
  });
  try {
    return await Promise.race([
      (async () => ask())().then(
        (value) => ({ value }),
        (error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }),
      ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
