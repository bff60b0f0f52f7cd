import { readdirSync, readFileSync } from 'node:fs';
import type { BenchResult } from './bench.ts';

/** CPU time of a process since its start, ms, by thread id. */
export type ThreadCpu = ReadonlyMap<string, number>;

/** What messages cost a broker. */
export interface MessageCost {
  messages: number;
  /** By thread, ms. */
  readonly threads: Map<string, number>;
}

/** Linux tells CPU time in hundredths of a second (proc(5), `utime` and `stime`). */
const MS_A_TICK = 10;
const CORES = 2;

/** User and system time of each thread. */
export function threadCpu(pid: number): ThreadCpu {
  const folder = `/proc/${pid}/task`;
  return new Map(
    readdirSync(folder).flatMap((thread) => {
      const [utime, stime] = timesOf(`${folder}/${thread}/stat`);
      return utime === undefined || stime === undefined
        ? []
        : [[thread, (utime + stime) * MS_A_TICK] as const];
    }),
  );
}

/** The name of a thread stands in parentheses and may hold anything, so what follows is counted from the last of them. */
function timesOf(file: string): readonly number[] {
  try {
    const fields = readFileSync(file, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return fields.slice(11, 13).map(Number);
  } catch {
    return []; // the thread ended between the two looks
  }
}

/** Adds what a round cost. */
export function addCost(cost: MessageCost, messages: number, before: ThreadCpu, after: ThreadCpu): void {
  cost.messages += messages;
  for (const [thread, ms] of after) {
    const spent = ms - (before.get(thread) ?? 0);
    cost.threads.set(thread, (cost.threads.get(thread) ?? 0) + spent);
  }
}

/** What brokers would take on two cores with the generator beside these, by what a message costs them. */
export function costResult(costs: ReadonlyMap<string, MessageCost>): BenchResult {
  const rows = [...costs].map(([subject, { messages, threads }]) => {
    const micros = (ms: number) => (ms * 1000) / messages;
    const all = micros([...threads.values()].reduce((sum, ms) => sum + ms, 0));
    const busiest = micros(Math.max(...threads.values()));
    // Two cores are full, or the one that the busiest thread has.
    const perSecond = 1e6 / Math.max(all / CORES, busiest);
    return {
      subject,
      figures: {
        'CPU µs a message': all.toFixed(1),
        'of its busiest thread': busiest.toFixed(1),
        'messages/s on two cores': perSecond,
      },
    };
  });
  const figure = (subject: string) =>
    rows.find((row) => row.subject.startsWith(subject))?.figures['messages/s on two cores'] ?? Number.NaN;
  return {
    name: 'ingest: two cores beside the generator',
    conditions:
      'Reckoned from CPU time (user and system, by thread) in the rounds of prepared packets, until all is stored: what two cores take ' +
      'that the generator has no part of, for this machine has no third one.',
    columns: ['CPU µs a message', 'of its busiest thread', 'messages/s on two cores'],
    rows,
    ratios: [
      {
        name: 'durable (broker and journal) ÷ bare Aedes, on two cores',
        value: figure('Wayside, broker') / figure('Aedes'),
        aim: '≥ 1',
      },
      {
        name: 'durable, stored and rule-checked (all of Wayside) ÷ bare Aedes, on two cores',
        value: figure('Wayside (') / figure('Aedes'),
        aim: '≥ 1',
      },
    ],
  };
}
