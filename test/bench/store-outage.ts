import { createInfluxStore } from '../../gateway/telemetry/influx-store.ts';
import { addPerson, type EngineUnderTest, startEngine } from '../support/engine.ts';
import type { Influxd } from '../support/influxd.ts';
import { countPoints, openClient, runStatement, writePoint } from './store-client.ts';
import { DEVICES, deviceName, entryOf, pointOf } from './store-points.ts';

/** What five minutes without a store leave behind at this rate. */
export const RATE_A_SECOND = 2_000;
export const OUTAGE_SECONDS = 300;
const BACKLOG = RATE_A_SECOND * OUTAGE_SECONDS;
/** Live readings go on at the same rate while it catches up. */
const LIVE_EVERY_MS = 10;
/** The client's first retries come after 5 to 10 s each; then it is asked to write what it still has. */
const CLIENT_SECONDS_AFTER = 20;

export interface OutageFigures {
  readonly sent: number;
  readonly stored: number;
  /** Readings a second, from the moment the server was back until the last of the backlog was stored; NaN: never. */
  readonly catchUp: number;
  /** How long live readings waited for the rules meanwhile, ms. */
  readonly liveDelays: readonly number[];
}

/** Journal, rules and telemetry writer as the engine thread has them, with an InfluxDB that is away for the whole backlog. */
export async function outageOfWayside(
  influxd: Influxd,
  progress: (line: string) => void,
): Promise<OutageFigures> {
  await influxd.stop('SIGKILL');
  const database = 'outage_wayside';
  const world = await startEngine({
    wrap: () => createInfluxStore({ url: influxd.url, token: '', org: '', bucket: database }),
  });
  const ticking = setInterval(() => world.clock.set(Date.now()), 1);
  try {
    world.clock.set(Date.now());
    const cars = Object.fromEntries(
      Array.from({ length: DEVICES }, (_, index) => [deviceName(index), 'car']),
    );
    await addPerson(world.db, 'owner', cars);
    const firstAt = Date.now() - OUTAGE_SECONDS * 1000;
    progress(`${BACKLOG.toLocaleString('en')} readings into the journal while InfluxDB is down`);
    for (let seq = 1; seq <= BACKLOG; ) {
      const appended: Promise<void>[] = [];
      for (; seq <= BACKLOG && appended.length < 10_000; seq += 1)
        appended.push(
          world.journal.append(entryOf(seq, firstAt + Math.floor(seq / RATE_A_SECOND) * 1000 + (seq % 1000))),
        );
      await Promise.all(appended);
    }
    progress('the rules take them');
    await world.engine.drain();
    await influxd.start();
    const began = performance.now();
    progress('InfluxDB is back');
    const live = liveTraffic(world);
    while (world.writer.storedSeq < BACKLOG) await new Promise((resolve) => setTimeout(resolve, 5));
    const seconds = (performance.now() - began) / 1000;
    const { sent, delays } = await live.stop();
    while (world.writer.storedSeq < BACKLOG + sent) await new Promise((resolve) => setTimeout(resolve, 5));
    return {
      sent: BACKLOG + sent,
      stored: await countPoints(influxd.url, database),
      catchUp: BACKLOG / seconds,
      liveDelays: delays,
    };
  } finally {
    clearInterval(ticking);
    await world.close();
    await world.remove();
  }
}

/** Readings that come in now, and how long each batch of them waits until the rules have it. */
function liveTraffic(world: EngineUnderTest) {
  const delays: number[] = [];
  let sent = 0;
  const waiting: Promise<void>[] = [];
  const stopListening = world.journal.onCommitted(() => void world.engine.drain());
  const timer = setInterval(() => {
    const began = performance.now();
    const count = (RATE_A_SECOND * LIVE_EVERY_MS) / 1000;
    for (let index = 0; index < count; index += 1) {
      sent += 1;
      void world.journal.append(entryOf(BACKLOG + sent, Date.now()));
    }
    const last = BACKLOG + sent;
    waiting.push(
      (async () => {
        while (world.engine.seq < last) await new Promise((resolve) => setTimeout(resolve, 1));
        delays.push(performance.now() - began);
      })(),
    );
  }, LIVE_EVERY_MS);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(waiting);
      stopListening();
      return { sent, delays };
    },
  };
}

/**
 * The client with its defaults through the same outage. It is fed as fast as it takes, which is kinder than five minutes: none of
 * its lines grows as old as its limit of three minutes.
 */
export async function outageOfClient(
  influxd: Influxd,
  progress: (line: string) => void,
): Promise<OutageFigures> {
  const database = 'outage_client';
  await runStatement(influxd.url, `CREATE DATABASE ${database}`);
  await influxd.stop('SIGKILL');
  const api = openClient(influxd.url, database, () => undefined);
  // It reports each failed batch there, some thousand lines.
  const { error, warn } = console;
  Object.assign(console, { error: () => undefined, warn: () => undefined });
  try {
    progress(`${BACKLOG.toLocaleString('en')} points into the client while InfluxDB is down`);
    for (let seq = 1; seq <= BACKLOG; seq += 1) {
      writePoint(api, pointOf(seq));
      // Each batch is sent, and fails, before more come: as it would be at the rate of the devices.
      if (seq % 1_000 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await influxd.start();
    const began = performance.now();
    progress(`InfluxDB is back; the client has ${CLIENT_SECONDS_AFTER} s for its retries, then flushes`);
    let seconds = Number.NaN;
    while (performance.now() - began < CLIENT_SECONDS_AFTER * 1000) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      if ((await countPoints(influxd.url, database)) === BACKLOG) {
        seconds = (performance.now() - began) / 1000;
        break;
      }
    }
    await api.close().catch(() => undefined);
    return {
      sent: BACKLOG,
      stored: await countPoints(influxd.url, database),
      catchUp: BACKLOG / seconds,
      liveDelays: [],
    };
  } finally {
    Object.assign(console, { error, warn });
  }
}
