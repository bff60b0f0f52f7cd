import { Unusable } from '../unusable.ts';

const TIMEOUT_MS = 10_000;

/** What /metrics says of the gateway's work. */
export interface GatewayFigures {
  /** Readings taken since its start, and those of them that it had already. */
  readonly readings: number;
  readonly duplicates: number;
  /** Sequence numbers that rules and telemetry store have not reached. */
  readonly lag: number;
}

/** Reads /metrics. Throws an Unusable that names the address where it does not answer. */
export async function readFigures(origin: string, token: string): Promise<GatewayFigures> {
  const response = await fetch(new URL('/metrics', origin), {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: unknown) => {
    throw new Unusable(`${origin}/metrics does not answer`, error);
  });
  const text = await response.text();
  const figure = (name: string): number => {
    const match = new RegExp(`^wayside_${name} (\\S+)`, 'm').exec(text);
    if (match === null) throw new Error(`${origin}/metrics does not tell wayside_${name}`);
    return Number(match[1]);
  };
  return {
    readings: figure('engine_readings'),
    duplicates: figure('engine_duplicates'),
    lag: Math.max(figure('engine_backlog'), figure('telemetry_backlog')),
  };
}

/**
 * Counts the readings that a gateway took since `first`, also when it was restarted and counts from 0 again; what it took
 * between the last figures and its end is left out then.
 */
export function countSince(first: GatewayFigures): (now: GatewayFigures) => number {
  let last = first;
  let taken = 0;
  return (now) => {
    const base = now.readings < last.readings ? { readings: 0, duplicates: 0 } : last;
    taken += now.readings - base.readings - (now.duplicates - base.duplicates);
    last = now;
    return taken;
  };
}
