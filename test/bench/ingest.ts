import type { Bench, BenchResult, BenchRow } from './bench.ts';
import { addCost, costResult, type MessageCost, threadCpu } from './ingest-cpu.ts';
import { steadyResult } from './ingest-steady.ts';
import { bareAedes, brokerAndJournal, mosquitto, runLoad, type Subject, wayside } from './ingest-subjects.ts';

const DEVICES = 100;
/** Messages that a device has unacknowledged at most: Mosquitto's own default for its clients (max_inflight_messages). */
const WINDOW = 20;
const ROUNDS = 3;
/** Long enough that the generator's own first moments, in which V8 compiles it anew each time, count little. */
const CLIENT_SECONDS = 5;
const PACKET_SECONDS = 5;
const OPEN_SECONDS = 5;
/** Of real clients: until V8 has optimised the whole way of a message. */
const WARM_UP_SECONDS = 4;
const OPEN_PER_SECOND = 10_000;

interface Measured {
  acknowledged: number;
  ackMs: number;
  settledMs: number;
  generatorMs: number;
}

/** QoS 1 telemetry from 100 devices into each broker in turn, three times, so that a slow moment hits all alike. */
export const ingestBench: Bench = {
  name: 'ingest',
  about: 'QoS 1 telemetry: durable, stored and rule-checked, beside bare Aedes and Mosquitto',
  async run(progress) {
    const subjects: Subject[] = [];
    const results: BenchResult[] = [];
    try {
      for (const start of [bareAedes, mosquitto, brokerAndJournal, wayside]) {
        const subject = await start(DEVICES);
        if (subject === null) progress('Mosquitto is not installed, and left out');
        else subjects.push(subject);
      }
      results.push(...(await measure(subjects, progress)));
    } finally {
      for (const subject of subjects.toReversed()) await subject.stop();
    }
    results.push(await steadyResult(progress));
    return results;
  },
};

/**
 * Where the load comes from. One process of real clients, or of packets with a write each, is the limit of what the quickest
 * brokers acknowledge; two take CPU from whoever needs both cores. Packets that are written together cost next to nothing.
 */
const LOADS = [
  { name: 'clients', from: 'clients', processes: 1, seconds: CLIENT_SECONDS },
  { name: 'clients in 2 processes', from: 'clients', processes: 2, seconds: CLIENT_SECONDS },
  { name: 'packets', from: 'packets', processes: 1, seconds: PACKET_SECONDS },
  { name: 'packets together', from: 'packets-together', processes: 1, seconds: PACKET_SECONDS },
] as const;
type Load = (typeof LOADS)[number];

async function measure(
  subjects: readonly Subject[],
  progress: (line: string) => void,
): Promise<readonly BenchResult[]> {
  const measured = new Map<string, Measured>();
  const costs = new Map<string, MessageCost>(
    subjects.map(({ name }) => [name, { messages: 0, threads: new Map() }]),
  );
  for (const subject of subjects) {
    progress(`warming up: ${subject.name}`);
    await closedLoad(subject, { ...LOADS[0], seconds: WARM_UP_SECONDS });
  }
  for (const load of LOADS) {
    for (let round = 1; round <= ROUNDS; round += 1) {
      for (const subject of subjects) {
        progress(`${load.name}, round ${round} of ${ROUNDS}, as fast as it goes: ${subject.name}`);
        const before = threadCpu(subject.pid);
        const one = await closedLoad(subject, load);
        const cost = costs.get(subject.name);
        if (cost !== undefined && load.from === 'packets')
          addCost(cost, one.acknowledged, before, threadCpu(subject.pid));
        const sum = measured.get(`${load.name} ${subject.name}`) ?? {
          acknowledged: 0,
          ackMs: 0,
          settledMs: 0,
          generatorMs: 0,
        };
        sum.acknowledged += one.acknowledged;
        sum.ackMs += one.ackMs;
        sum.settledMs += one.settledMs;
        sum.generatorMs += one.generatorMs;
        measured.set(`${load.name} ${subject.name}`, sum);
      }
    }
  }
  const figuresOf = (subject: Subject) =>
    Object.fromEntries(
      LOADS.flatMap(({ name }) => {
        const sum = measured.get(`${name} ${subject.name}`);
        const stored = subject.settled === null ? '–' : perSecond(sum?.acknowledged, sum?.settledMs);
        return [
          [`PUBACK/s, ${name}`, perSecond(sum?.acknowledged, sum?.ackMs)],
          [`stored/s, ${name}`, stored],
        ];
      }),
    );
  const rows: BenchRow[] = [];
  for (const subject of subjects) {
    progress(`${OPEN_PER_SECOND} messages a second: ${subject.name}`);
    const { latencyMs } = await runLoad({
      port: subject.port,
      devices: subject.devices,
      seconds: OPEN_SECONDS,
      from: 'packets',
      load: { kind: 'open', perSecond: OPEN_PER_SECOND },
    });
    await subject.settled?.(0);
    rows.push({
      subject: subject.name,
      figures: {
        ...figuresOf(subject),
        'p50 ms': latencyMs?.p50 ?? '–',
        'p99 ms': latencyMs?.p99 ?? '–',
        'p99.9 ms': latencyMs?.p999 ?? '–',
      },
    });
  }
  const asked: BenchResult = {
    name: 'ingest',
    conditions:
      `${DEVICES} connections, QoS 1, ${WINDOW} in flight each, generator on the same machine, ${ROUNDS} rounds of ${CLIENT_SECONDS} s (packets: ${PACKET_SECONDS} s) in turn. ` +
      `clients: the load comes from ${DEVICES} clients of the mqtt package, in one process or in two; packets: from prepared bytes, a write a message, or one for all that may leave (together). ` +
      `stored/s: until all is in DuckDB and judged by 6 rules over 324 places. Latency from due to PUBACK at ${OPEN_PER_SECOND} msg/s.`,
    columns: [
      ...LOADS.flatMap(({ name }) => [`PUBACK/s, ${name}`, `stored/s, ${name}`]),
      'p50 ms',
      'p99 ms',
      'p99.9 ms',
    ],
    rows,
    ratios: ratiosOf(rows),
  };
  return [asked, generatorResult(subjects, measured), costResult(costs)];
}

/** Where the generator has a core of its own and all of it, what it gives is measured, and no broker. */
function generatorResult(subjects: readonly Subject[], measured: ReadonlyMap<string, Measured>): BenchResult {
  const share = (load: Load, subject: Subject): string => {
    const sum = measured.get(`${load.name} ${subject.name}`);
    return sum === undefined ? '–' : `${Math.round((100 * sum.generatorMs) / sum.ackMs / load.processes)} %`;
  };
  return {
    name: 'ingest: how busy the generator is',
    conditions:
      'CPU time of each of its processes ÷ time to the last PUBACK. At 100 % the load is the limit.',
    columns: LOADS.map(({ name }) => name),
    rows: subjects.map((subject) => ({
      subject: subject.name,
      figures: Object.fromEntries(LOADS.map((load) => [load.name, share(load, subject)])),
    })),
    ratios: [],
  };
}

async function closedLoad(
  subject: Subject,
  { from, processes, seconds }: Pick<Load, 'from' | 'processes'> & { readonly seconds: number },
): Promise<Measured> {
  let lagMs = 0;
  const report = await runLoad(
    {
      port: subject.port,
      devices: subject.devices,
      seconds,
      from,
      load: { kind: 'closed', window: WINDOW },
    },
    processes,
    async () => {
      // Seen by a look every 50 ms, which is at most 1 % of a round, and counts against Wayside.
      lagMs = (await subject.settled?.(performance.now())) ?? 0;
    },
  );
  return {
    acknowledged: report.acknowledged,
    ackMs: report.elapsedMs,
    settledMs: report.elapsedMs + lagMs,
    generatorMs: report.cpuMs,
  };
}

function perSecond(count: number | undefined, ms: number | undefined): number {
  return count === undefined || ms === undefined || ms === 0 ? 0 : (count * 1000) / ms;
}

function ratiosOf(rows: readonly BenchRow[]): BenchResult['ratios'] {
  const figure = (subject: string, column: string): number => {
    const value = rows.find((row) => row.subject.startsWith(subject))?.figures[column];
    return typeof value === 'number' ? value : Number.NaN;
  };
  const beside = (subject: string, column: string, of: string) =>
    figure(subject, column) / figure('Aedes', of);
  return [
    ...LOADS.flatMap(({ name }) => [
      {
        name: `durable (Wayside's broker and journal) PUBACK/s ÷ bare Aedes, ${name}`,
        value: beside('Wayside, broker', `PUBACK/s, ${name}`, `PUBACK/s, ${name}`),
        aim: '≥ 1',
      },
      {
        name: `durable while stored and rule-checked (all of Wayside) PUBACK/s ÷ bare Aedes, ${name}`,
        value: beside('Wayside (', `PUBACK/s, ${name}`, `PUBACK/s, ${name}`),
        aim: '≥ 1',
      },
      {
        name: `durable, stored and rule-checked: stored/s ÷ bare Aedes PUBACK/s, ${name}`,
        value: beside('Wayside (', `stored/s, ${name}`, `PUBACK/s, ${name}`),
        aim: '≥ 0.7',
      },
    ]),
    { name: 'Wayside p99 to PUBACK, ms', value: figure('Wayside (', 'p99 ms'), aim: '< 100' },
  ];
}
