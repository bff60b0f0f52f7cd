import type { PushOutcome } from './push-sender.ts';
import type { ServiceHolds } from './service-holds.ts';

/** How often a service refused with a status that the operator has to mend: a wrong key, a message that is too large. */
export interface Refusals {
  readonly status: number;
  readonly count: number;
  /** Real time, epoch ms. */
  readonly lastAt: number;
}

/** What became of messages to one service, since the start. */
export interface ServiceReport {
  /** Origin of a push service; `webhook:` and its id; `email` and `inbox`. */
  readonly origin: string;
  readonly sent: number;
  readonly retried: number;
  readonly gone: number;
  readonly refused: readonly Refusals[];
  /** Real time until which it is left alone, or null. */
  readonly restingUntil: number | null;
}

/** Refusals of all services, one line for each status. */
export function refusalsOf(
  reports: readonly ServiceReport[],
): readonly { readonly origin: string; readonly status: number; readonly count: number }[] {
  return reports.flatMap(({ origin, refused }) =>
    refused.map(({ status, count }) => ({ origin, status, count })),
  );
}

/** All services that offers are handed to, with what is known of each. */
export interface Services {
  /** For how long a service is to be left alone; 0: not at all. */
  waitMs(origin: string): number;
  /** Learns from what became of a message. */
  note(origin: string, outcome: PushOutcome): void;
  /** In the order of their names. */
  reports(): readonly ServiceReport[];
}

/** Beyond so many services the one that was heard of longest ago is forgotten. */
const MAX_SERVICES = 1_000;

interface Tally {
  sent: number;
  retried: number;
  gone: number;
  readonly refused: Map<number, { count: number; lastAt: number }>;
}

/** @param onRefused told of each refusal with a status, which nothing but a change of settings or keys will mend */
export function createServices(
  holds: ServiceHolds,
  realNow: () => number,
  onRefused: (origin: string, status: number) => void,
): Services {
  const tallies = new Map<string, Tally>();

  function tallyOf(origin: string): Tally {
    const known = tallies.get(origin);
    const tally = known ?? { sent: 0, retried: 0, gone: 0, refused: new Map() };
    tallies.delete(origin);
    const oldest = tallies.keys().next();
    if (tallies.size >= MAX_SERVICES && !oldest.done) tallies.delete(oldest.value);
    tallies.set(origin, tally);
    return tally;
  }

  return {
    waitMs: (origin) => holds.waitMs(origin, realNow()),
    note(origin, outcome) {
      const now = realNow();
      holds.note(origin, outcome, now);
      const tally = tallyOf(origin);
      switch (outcome.kind) {
        case 'sent':
          tally.sent += 1;
          return;
        case 'retry':
          tally.retried += 1;
          return;
        case 'gone':
          tally.gone += 1;
          return;
        case 'failed': {
          if (outcome.status === undefined) return;
          const refusals = tally.refused.get(outcome.status) ?? { count: 0, lastAt: now };
          refusals.count += 1;
          refusals.lastAt = now;
          tally.refused.set(outcome.status, refusals);
          onRefused(origin, outcome.status);
        }
      }
    },
    reports() {
      const now = realNow();
      return [...tallies]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([origin, { refused, ...counts }]) => {
          const restMs = holds.waitMs(origin, now);
          return {
            origin,
            ...counts,
            refused: [...refused]
              .sort(([a], [b]) => a - b)
              .map(([status, refusals]) => ({ status, ...refusals })),
            restingUntil: restMs === 0 ? null : now + restMs,
          };
        });
    },
  };
}
