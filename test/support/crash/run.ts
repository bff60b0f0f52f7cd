import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, type GatewayProcess, lastingPorts, startGateway } from '../gateway.ts';
import { createInfluxd, type Influxd } from '../influxd.ts';
import { createSmallDisk, type SmallDisk } from '../small-disk.ts';
import { type CrashFindings, findings } from './check.ts';
import { type CrashLoad, type LoadPlan, startLoad } from './load.ts';
import { startPeople } from './people.ts';

/** What happens beside the kills. */
export type Disturbance = 'nothing' | 'influxdb' | 'disk';

export interface CrashPlan extends LoadPlan {
  readonly devices: number;
  readonly kills: number;
  readonly disturbance: Disturbance;
  /** From when messages are acknowledged again until the next blow, ms: a random time up to this. */
  readonly upToMs: number;
  /** 0 to 1; decides the moments. */
  readonly random: () => number;
}

export interface CrashFigures extends CrashFindings {
  readonly kills: number;
  readonly acknowledged: number;
  /** Acknowledged a second over the whole time, kills and restarts included. */
  readonly acknowledgedPerSecond: number;
  /** Longest time from SIGKILL to the next PUBACK. */
  readonly longestGapMs: number;
}

const SMALL_DISK_BYTES = 1024 ** 3;
const ACKNOWLEDGED_WITHIN_MS = 60_000;

interface World {
  gateway: GatewayProcess;
  readonly influxd: Influxd | null;
  readonly disk: SmallDisk | null;
}

/**
 * Kills a gateway again and again under load, at random moments, with InfluxDB killed or the disk filled around it, and finds
 * out whether anything was lost or done twice.
 *
 * @param progress told what happens, every few seconds
 */
export async function runCrash(plan: CrashPlan, progress: (line: string) => void): Promise<CrashFigures> {
  const undo: (() => Promise<unknown> | unknown)[] = [];
  try {
    const people = await startPeople();
    undo.push(() => people.stop());
    const influxd = plan.disturbance === 'influxdb' ? await createInfluxd() : null;
    if (influxd !== null) {
      undo.push(() => influxd.remove());
      await influxd.start();
    }
    const disk = plan.disturbance === 'disk' ? await createSmallDisk(SMALL_DISK_BYTES) : null;
    if (disk !== null) undo.push(() => disk.remove());
    const dataDir = disk?.dir ?? (await mkdtemp(join(tmpdir(), 'wayside-crash-')));
    if (disk === null) undo.push(() => rm(dataDir, { recursive: true, force: true }));

    const ports = await lastingPorts();
    const start = () =>
      startGateway({
        dataDir,
        ...(disk !== null && { within: disk.within }),
        env: {
          WAYSIDE_PUSH_HOSTS: people.pushOrigin,
          ...(influxd !== null && { WAYSIDE_INFLUX_URL: influxd.url }),
          ...ports,
        },
      });
    const world: World = { gateway: await start(), influxd, disk };
    undo.push(() => world.gateway.stop());
    progress(`${plan.devices} people move in`);
    const devices = await people.moveIn(world.gateway, plan.devices);
    const load = startLoad(world.gateway.mqttPort, devices, plan);
    undo.push(() => load.stop());

    const began = performance.now();
    let longestGapMs = 0;
    for (let kill = 1; kill <= plan.kills; kill += 1) {
      await goesOn(load);
      const gapMs = await strike(world, plan, load, start);
      longestGapMs = Math.max(longestGapMs, gapMs);
      progress(
        `kill ${kill} of ${plan.kills}: ${load.acknowledged} acknowledged of ${load.published}, again after ${Math.round(gapMs)} ms`,
      );
    }
    await goesOn(load);
    await load.finish();
    const seconds = (performance.now() - began) / 1000;
    progress('looking for what was lost or doubled');
    const found = await findings(world.gateway, load.sent, people, plan.phaseMs, progress);
    return {
      ...found,
      kills: plan.kills,
      acknowledged: load.acknowledged,
      acknowledgedPerSecond: load.acknowledged / seconds,
      longestGapMs,
    };
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

/** One kill with what belongs to it. Returns how long nothing was acknowledged from the kill on, ms. */
async function strike(
  world: World,
  plan: CrashPlan,
  load: CrashLoad,
  start: () => Promise<GatewayProcess>,
): Promise<number> {
  const { influxd, disk } = world;
  const aWhile = (part = 1) => sleep(plan.random() * plan.upToMs * part);
  await aWhile();
  if (influxd !== null) {
    await influxd.stop('SIGKILL');
    await aWhile(0.5);
  }
  let diskStaysFull = false;
  if (disk !== null) {
    disk.fill();
    await aWhile(0.5);
    diskStaysFull = plan.random() < 0.5;
    if (!diskStaysFull) {
      disk.free();
      await aWhile(0.25);
    }
  }
  const killedAt = performance.now();
  await world.gateway.kill('SIGKILL');
  if (diskStaysFull) disk?.free();
  world.gateway = await start();
  await goesOn(load);
  const gapMs = performance.now() - killedAt;
  if (influxd !== null) {
    await aWhile(0.5);
    await influxd.start();
  }
  return gapMs;
}

async function goesOn(load: CrashLoad): Promise<void> {
  const before = load.acknowledged;
  await eventually('messages are acknowledged', ACKNOWLEDGED_WITHIN_MS, async () =>
    load.acknowledged > before ? true : undefined,
  );
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
