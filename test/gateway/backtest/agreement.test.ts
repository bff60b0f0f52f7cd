import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../../devices-sim/city/model/random.ts';
import type { BacktestRequest } from '../../../gateway/backtest/request.ts';
import { queryOf, worldOf } from '../../../gateway/backtest/run.ts';
import { createSimulation } from '../../../gateway/backtest/simulation.ts';
import { setConsent } from '../../../gateway/records/consents.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import { createDuckDbStore } from '../../../gateway/telemetry/duckdb-store.ts';
import type { Decision } from '../../../rules/step.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../rules/time/duration.ts';
import { type EngineUnderTest, START, startEngine } from '../../support/engine.ts';
import { furnish, PEOPLE, positionAt, RULES } from './agreement-world.ts';

const MESSAGES = 700;
const END = START + 5 * HOUR_MS;

/** What live and backtest must agree on, decision for decision; ids of records and codes are left out. */
interface Told {
  readonly at: number;
  readonly rule: string;
  readonly ruleVersion: number;
  readonly consumer: string;
  readonly device: string;
  readonly place: string | null;
  readonly visit: string | null;
  readonly cause: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly variant: string | null;
  readonly detail: string;
}

const inOrder = (list: readonly Told[]): readonly Told[] =>
  [...list].sort(
    (a, b) =>
      a.at - b.at || compare(a.consumer, b.consumer) || compare(a.rule, b.rule) || compare(a.cause, b.cause),
  );
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

let engine: EngineUnderTest;
let live: readonly Told[] = [];

beforeAll(async () => {
  const first = await startEngine();
  await furnish(first.db);
  await first.close();
  // Each batch comes long after the one before: the engine waits between two that do not.
  let realNow = START;
  engine = await startEngine({
    dir: first.dir,
    realNow: () => {
      realNow += SECOND_MS;
      return realNow;
    },
  });
  await drive(engine);
  await tickUntil(engine, END);
  const rows = await engine.db.selectFrom('decisions').selectAll().execute();
  live = inOrder(
    rows.map(({ id: _, rule_version, delivery_id: _delivery, campaign: _campaign, ...row }) => ({
      ...row,
      ruleVersion: rule_version,
    })),
  );
  // The last of it is stored when it stops.
  await engine.close();
}, 180_000);
afterAll(() => engine?.remove());

/** A few hours of several people's devices: walks, drives, stops, silence, jumps, late readings, and some without a time. */
async function drive(world: EngineUnderTest): Promise<void> {
  const random = createRandom(20_260_504);
  const movers = Object.entries(PEOPLE).flatMap(([consumer, devices]) =>
    Object.entries(devices).map(([device, type]) => ({
      consumer,
      device,
      type,
      ...target(random),
      speed: 0,
      fuel: random.between(0.2, 0.6),
      silentUntil: 0,
    })),
  );
  let now = START + MINUTE_MS;
  for (let index = 0; index < MESSAGES; index += 1) {
    now += Math.floor(random.between(1, (1.9 * (END - START)) / MESSAGES));
    const mover = random.pick(movers.filter(({ silentUntil }) => silentUntil <= now));
    await tickUntil(world, now);
    world.clock.set(now);
    if (index === 250 || index === 450) await changeConsent(world, index === 450);
    if (random.chance(0.03)) mover.silentUntil = now + random.between(11, 30) * MINUTE_MS;
    if (random.chance(0.25)) Object.assign(mover, target(random));
    mover.speed = random.pick([0, 1.2, 8, 14]);
    const jumps = random.chance(0.03);
    const position = {
      ...positionAt(mover.east + random.between(-10, 10) + (jumps ? 60_000 : 0), mover.north),
      accuracy: random.pick([5, 8, 20, 90, 250]),
      ...(random.chance(0.7) && { speed: mover.speed, heading: random.pick([0, 90, 180, 270]) }),
    };
    mover.fuel = mover.fuel < 0.06 ? 0.6 : mover.fuel - random.between(0, 0.05);
    const delayMs = random.pick([0, 0, 0, 1, 20, 100, 110, 400, -60, -400]) * SECOND_MS;
    const reading = {
      ...(random.chance(0.85) && { at: now - delayMs }),
      ...(mover.type !== 'fridge' && random.chance(0.9) ? { position } : { metrics: { temperature: 4 } }),
      ...(mover.type === 'car' && random.chance(0.6) && { metrics: { fuel: mover.fuel } }),
      ...(mover.type === 'phone' && random.chance(0.3) && { metrics: { steps: random.integer(30) } }),
      ...(random.chance(0.1) && { event: 'purchase' }),
    };
    // Some come as arrays, which are taken in order of their times.
    const earlier = { ...reading, at: now - 3 * SECOND_MS, event: 'ping' };
    const isTimed = 'at' in reading;
    await world.send(mover.device, isTimed && random.chance(0.1) ? [reading, earlier] : reading, {
      packetId: index % 60_000,
    });
    await world.engine.drain();
  }
}

function target(random: Random): { east: number; north: number } {
  const [east, north] = random.pick([
    [0, 0],
    [60, 20],
    [100, 0],
    [150, 60],
    [420, 0],
    [480, 0],
    [700, 0],
    [860, 0],
    [-700, 200],
    [2_000, 1_000],
  ] as const);
  return { east, north };
}

/** Someone withdraws, and agrees again later. */
async function changeConsent(world: EngineUnderTest, granted: boolean): Promise<void> {
  for (const consumer of ['ada', 'eve']) {
    const consent = { purpose: 'location_offers', granted, source: 'test' } as const;
    await setConsent(world.db, consumer, consent, { actor: 'test', at: world.clock.now() });
  }
  await world.changed({ kind: 'consumers', ids: ['ada', 'eve'] });
}

/** Lets the engine's timers fire at the moment they are set for, up to a time. */
async function tickUntil(world: EngineUnderTest, until: number): Promise<void> {
  const nextWake = async () => {
    const { wakeAt } = await world.db
      .selectFrom('subject_memories')
      .select((select) => select.fn.min('wake_at').as('wakeAt'))
      .executeTakeFirstOrThrow();
    return wakeAt === null ? null : Number(wakeAt);
  };
  // The push service says that a browser is gone, and the delivery thread tells the engine.
  const goneAt = START + 2 * HOUR_MS;
  if (world.clock.now() < goneAt && until >= goneAt) {
    await tickUntil(world, goneAt - 1);
    world.clock.set(goneAt);
    await world.db
      .updateTable('push_subscriptions')
      .set({ gone_at: goneAt })
      .where('consumer_id', '=', 'ben')
      .execute();
    await world.changed({ kind: 'consumers', ids: ['ben'] });
  }
  for (let wakeAt = await nextWake(); wakeAt !== null && wakeAt <= until; ) {
    const due = wakeAt;
    world.clock.set(Math.max(due, world.clock.now()));
    await world.engine.drain();
    const deadline = performance.now() + 10_000;
    for (wakeAt = await nextWake(); wakeAt === due; wakeAt = await nextWake()) {
      if (performance.now() > deadline) throw new Error(`there was no tick at ${due}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

interface SimulateOptions {
  readonly skims: boolean;
  readonly alone?: boolean;
  /** All metrics are given, whether rules read them or not. */
  readonly readsMetrics?: true;
}

async function simulate(rule: string, options: SimulateOptions) {
  const db = openRecords(join(engine.dir, 'wayside.db'));
  const store = createDuckDbStore({ file: join(engine.dir, 'telemetry.duckdb') });
  await store.start();
  try {
    const document = RULES.find(({ id }) => id === rule);
    if (document === undefined) throw new Error(`no rule ${rule}`);
    const { alone = false, skims } = options;
    const request: BacktestRequest = { ruleId: rule, document, version: 3, from: START, to: END, alone };
    const { readsMetrics } = options;
    const found = await worldOf(db, request, START, {
      log: pino({ level: 'silent' }),
      ways: { mail: false, realNow: START },
    });
    const world = { ...found, ...(readsMetrics && { readsMetrics }) };
    const decisions: Decision[] = [];
    const observer = {
      reading: () => undefined,
      decided: (_owner: number, some: readonly Decision[]) => void decisions.push(...some),
    };
    const simulation = createSimulation({ ...world, observer, skims });
    for await (const batch of store.scan(queryOf(world, START, END))) simulation.take(batch);
    simulation.finish(END);
    return {
      readsMetrics: found.readsMetrics,
      told: inOrder(decisions.map(toldOf)),
      heardAt: world.people.map((_, owner) =>
        Object.values(simulation.memory(owner).devices).map(({ heardAt }) => heardAt),
      ),
    };
  } finally {
    await store.stop();
    await db.destroy();
  }
}

function toldOf({ at, rule, ruleVersion, consumer, device, place, visit, cause, ...rest }: Decision): Told {
  const { outcome, variant, detail } = rest;
  return {
    at,
    rule,
    ruleVersion,
    consumer,
    device,
    place: place ?? null,
    visit: visit ?? null,
    cause,
    outcome: outcome.kind,
    reason: outcome.kind === 'suppressed' ? outcome.reason : null,
    variant: variant ?? null,
    detail,
  };
}

const sent = (list: readonly Told[]) => list.filter(({ outcome }) => outcome === 'sent').length;

describe('a backtest of what the engine judged live', () => {
  it('has something to agree on', () => {
    const reasons = new Set(live.map(({ reason }) => reason));
    for (const reason of [
      null,
      'late_reading',
      'implausible_jump',
      'no_consent',
      'not_in_audience',
      'missing_value',
      'condition_false',
      'holdout',
      'quiet_hours',
      'cooldown',
      'consumer_cap',
      'global_cap',
      'rule_total',
      'no_code_left',
      'no_channel',
      'outranked',
    ])
      expect(reasons, [...reasons].join(' ')).toContain(reason);
    expect(new Set(live.map(({ rule }) => rule)).size).toBe(RULES.length);
  });

  it.each([true, false])('comes to the same decisions, one by one (skimming: %s)', async (skims) => {
    const { told } = await simulate('hello', { skims });
    expect(told).toEqual(live);
  });

  it('comes to others where the other rules are left out', async () => {
    const { told: simulated } = await simulate('food', { skims: true, alone: true });
    expect(new Set(simulated.map(({ rule }) => rule))).toEqual(new Set(['food']));
    const beside = live.filter(({ rule }) => rule === 'food');
    expect(sent(simulated)).toBeGreaterThan(sent(beside));
  });

  it.each([true, false])(
    'hears a device that told of metrics alone, which no rule reads (skimming: %s)',
    async (skims) => {
      const simulated = await simulate('stay', { skims, alone: true });
      expect(simulated.readsMetrics).toBe(false);
      const all = await simulate('stay', { skims, alone: true, readsMetrics: true });
      expect(simulated.heardAt).toEqual(all.heardAt);
      expect(simulated.told).toEqual(all.told);
    },
  );
});
