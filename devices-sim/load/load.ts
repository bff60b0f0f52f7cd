import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../city/model/random.ts';
import type { FaultSettings } from '../faults/fault-options.ts';
import { FaultyDevice, noFaults } from '../faults/faulty-device.ts';
import { startReconnectStorms } from '../faults/reconnect-storm.ts';
import { createGatewayApi, reasonOf } from '../gateway-api.ts';
import { inParallel } from '../in-parallel.ts';
import { countSince, type GatewayFigures, readFigures } from './gateway-figures.ts';
import { Histogram } from './histogram.ts';
import { closeAll, connectAll } from './load-clients.ts';
import { LoadDevice, type LoadWatch } from './load-device.ts';
import { createEncoder, type LoadReading, type PayloadFormat } from './load-reading.ts';
import { startPacer } from './pacer.ts';
import { compareStored } from './stored.ts';
import { type ComparedDevice, unknownVerdict, type Verdict, verdictOf } from './verdict.ts';

export interface LoadSettings {
  /** MQTT address, and that of the HTTP API. */
  readonly url: string;
  readonly api: string;
  readonly adminToken: string;
  /** Tokens by device id. */
  readonly credentials: ReadonlyMap<string, string>;
  /** Readings a second, of all devices together. */
  readonly rate: number;
  readonly qos: 0 | 1 | 2;
  readonly sizeBytes: number;
  readonly payload: PayloadFormat;
  readonly seed: number;
  readonly faults: FaultSettings;
  /** How long to wait for the gateway to have worked off everything. */
  readonly settleMs: number;
}

export interface LoadProgress {
  /** Messages, garbage and repetitions included. */
  readonly sent: number;
  readonly acked: number;
  readonly inFlight: number;
  readonly connected: number;
  /** Readings that its rules have taken since the start of the load, from anybody; null where it does not tell. */
  readonly taken: number | null;
  /** Sequence numbers that its rules and store have not reached; null where it does not tell. */
  readonly lag: number | null;
  /** Of the last second. */
  readonly lastError: string | null;
}

export interface LoadResult extends Verdict {
  /** Readings that were due at the rate that was asked for, and those that could be made: fewer where the gateway is slower. */
  readonly due: number;
  readonly made: number;
  readonly sent: number;
  readonly seconds: number;
  readonly errors: number;
  /** Connections that were cut by storms, and that came back, for whatever reason. */
  readonly cut: number;
  readonly reconnects: number;
  readonly latency: Histogram;
  /** Sequence numbers that its rules and store had not reached when it was compared: what is missing may be among them. */
  readonly behind: number;
  /** Why the gateway could not be asked what it has; null where it told. Then nothing is known of what is stored. */
  readonly notCompared: string | null;
}

const PROGRESS_MS = 1000;
const STILL_COMING_MS = 1_000;
/** Messages that may be unacknowledged; beyond it, what is due waits, and its waiting counts as latency. */
const IN_FLIGHT_A_DEVICE = 50;
const MOST_IN_FLIGHT = 20_000;

/**
 * Lets every device publish, waits for what is unacknowledged and for the gateway to have worked everything off, and
 * compares what was acknowledged with what is there.
 *
 * @param until resolves when no more is to be sent
 * @param tell called every second while sending, and while waiting
 */
export async function runLoad(
  settings: LoadSettings,
  until: () => Promise<void>,
  tell: (progress: LoadProgress) => void,
): Promise<LoadResult> {
  const random = createRandom(settings.seed);
  const counters = { sent: 0, acked: 0, failed: 0, reconnects: 0, cut: 0 };
  let lastError: string | null = null;
  const latency = new Histogram();
  const faults = noFaults();
  const watch: LoadWatch = {
    sent: () => {
      counters.sent += 1;
    },
    acknowledged: (ms, isGarbage) => {
      counters.acked += 1;
      if (!isGarbage) latency.add(ms);
    },
    failed: (error) => {
      counters.failed += 1;
      lastError = reasonOf(error);
    },
  };
  const clients = await connectAll(settings.url, settings.credentials, random.fork('reconnects').next);
  const encode = createEncoder(settings.payload, settings.sizeBytes);
  const devices = [...clients].map(([id, client]) => {
    client.on('connect', () => {
      counters.reconnects += 1;
    });
    client.on('error', (error) => {
      lastError = reasonOf(error);
    });
    const own = random.fork(id);
    return new LoadDevice({
      id,
      client,
      faults: new FaultyDevice<LoadReading>(settings.faults, own.fork('faults'), faults),
      qos: settings.qos,
      encode,
      watch,
      random: own,
    });
  });
  const inFlight = () => counters.sent - counters.acked - counters.failed;

  let figures: GatewayFigures | null = null;
  const takenSince = countSince(await readFigures(settings.api, settings.adminToken));
  let taken = 0;
  const look = async () => {
    try {
      figures = await readFigures(settings.api, settings.adminToken);
      taken = takenSince(figures);
    } catch (error) {
      // It may be down on purpose; the next second tells.
      figures = null;
      lastError = reasonOf(error);
    }
  };
  const progress = (): LoadProgress => ({
    sent: counters.sent,
    acked: counters.acked,
    inFlight: inFlight(),
    connected: devices.reduce((sum, { client }) => sum + (client.connected ? 1 : 0), 0),
    taken: figures === null ? null : taken,
    lag: figures?.lag ?? null,
    lastError,
  });
  const timer = setInterval(() => {
    void look().then(() => {
      tell(progress());
      lastError = null;
    });
  }, PROGRESS_MS);
  const stopStorms = startReconnectStorms(
    settings.faults.reconnectStormSeconds,
    () => clients.values(),
    (cut) => {
      counters.cut += cut;
    },
  );
  try {
    const most = Math.min(MOST_IN_FLIGHT, devices.length * IN_FLIGHT_A_DEVICE);
    const startedAt = performance.now();
    const stopSending = startPacer(
      settings.rate,
      () => inFlight() < most,
      (index, dueAt) => devices[index % devices.length]?.next(Date.now(), dueAt),
    );
    await until();
    stopSending();
    const seconds = (performance.now() - startedAt) / 1000;
    stopStorms();
    for (const device of devices) device.flush();
    const settledBy = performance.now() + settings.settleMs;
    await untilTrue(() => inFlight() === 0, settledBy);
    await untilTrue(async () => {
      await look();
      return figures?.lag === 0;
    }, settledBy);
    const { verdict, notCompared } = await compareUntil(settledBy, () =>
      compare(settings, devices, faults),
    ).then(
      (compared) => ({ verdict: compared, notCompared: null }),
      // What was measured until here is told all the same.
      (error: unknown) => ({
        verdict: unknownVerdict(devices.map(promisedOf), settings.qos, faults),
        notCompared: error instanceof Error ? error.message : String(error),
      }),
    );
    const behind = progress().lag ?? 0;
    const { sent, failed: errors, cut, reconnects } = counters;
    const made = devices.reduce((sum, device) => sum + device.made, 0);
    const due = Math.floor(settings.rate * seconds);
    return { ...verdict, due, made, sent, seconds, errors, cut, reconnects, latency, behind, notCompared };
  } finally {
    stopStorms();
    clearInterval(timer);
    await closeAll(clients.values());
  }
}

async function compare(
  settings: LoadSettings,
  devices: readonly LoadDevice[],
  faults: ReturnType<typeof noFaults>,
): Promise<Verdict> {
  const api = createGatewayApi(settings.api, settings.adminToken);
  const withFlags = settings.faults.clockSkewSeconds > 0 || settings.faults.reorder > 0;
  const compared: ComparedDevice[] = [];
  await inParallel(devices, async (device) => {
    compared.push({ ...promisedOf(device), stored: await compareStored(api, device, withFlags) });
  });
  return verdictOf(compared, settings.qos, faults, withFlags);
}

function promisedOf(device: LoadDevice): Omit<ComparedDevice, 'stored'> {
  return {
    made: device.made,
    unacknowledged: device.unacknowledged.size,
    garbageAcknowledged: device.garbageAcknowledged,
    clockSkewMs: device.faults.clockSkewMs,
  };
}

/** Compares again while more arrives: behind a broker of somebody else's the gateway can't know what is still on its way. */
async function compareUntil(settledBy: number, compareNow: () => Promise<Verdict>): Promise<Verdict> {
  let verdict = await compareNow();
  while (verdict.lost > 0 && performance.now() < settledBy) {
    await sleep(STILL_COMING_MS);
    const { stored: before } = verdict;
    verdict = await compareNow();
    if (verdict.stored === before) break;
  }
  return verdict;
}

/** Asks every 100 ms until it is so, or `deadline` has come, a time of `performance.now()`. */
async function untilTrue(isSo: () => boolean | Promise<boolean>, deadline: number): Promise<void> {
  while (!(await isSo()) && performance.now() < deadline) await sleep(100);
}
