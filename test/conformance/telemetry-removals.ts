import { expect, it } from 'vitest';
import { T0, type TelemetrySuite } from './telemetry-suite.ts';

const DAY_MS = 86_400_000;
const REMOVED = { kind: 'removed' };

/** What is to go is gone, nothing else is, and readings come and go meanwhile. */
export function telemetryRemovalCases(suite: TelemetrySuite): void {
  const counts = async (...keys: string[]) =>
    Promise.all(keys.map(async (deviceKey) => (await suite.readings({ deviceKey })).length));
  const days = (deviceKey: string) =>
    suite.keep(
      deviceKey,
      Array.from({ length: 10 }, (_, day) => ({ at: T0 - day * 86_400_000, metrics: { day } })),
    );

  it('erases devices, and goes on', async () => {
    await suite.keep('goes', [{ metrics: { secret: 'erase-me-please' } }]);
    await suite.keep('goes-too', [{ position: { lat: 1, lon: 2 } }, { event: 'purchase' }]);
    await suite.keep('stays', [{ metrics: { n: 1 } }]);
    expect(await suite.store.erase(['goes', 'never-was', 'goes-too'])).toEqual(REMOVED);
    expect(await suite.store.erase([])).toEqual(REMOVED);
    expect(await counts('goes', 'goes-too', 'stays')).toEqual([0, 0, 1]);
    await suite.keep('stays', [{ at: T0 + 1, metrics: { n: 2 } }]);
    expect(await suite.values({ deviceKey: 'stays', metric: 'n' })).toEqual([
      { at: T0, value: 1 },
      { at: T0 + 1, value: 2 },
    ]);
  });

  it('erases keys with odd characters, and no others', async () => {
    const odd = ["o'key", 'back\\slash', 'a b,c=d', '"', 'ünï', '%'];
    const near = odd.map((key) => `${key}x`);
    for (const key of [...odd, ...near]) await suite.keep(key, [{ metrics: { n: 1 } }]);
    expect(await suite.store.erase(odd)).toEqual(REMOVED);
    expect(await counts(...odd)).toEqual(odd.map(() => 0));
    expect(await counts(...near)).toEqual(near.map(() => 1));
    // For the cases after this one.
    await suite.store.erase(near);
  });

  it('lets what is too old go, by the limit of each device', async () => {
    for (const key of ['week', 'week-too', 'two-days', 'for-ever']) await days(key);
    const before = (day: number) => T0 - day * 86_400_000;
    const outcome = await suite.store.expire({
      readings: [
        { deviceKeys: ['week', 'week-too', 'never-was'], before: before(7) },
        { deviceKeys: ['two-days'], before: before(2) },
        { deviceKeys: [], before: before(0) },
      ],
      positionsBefore: null,
    });
    expect(outcome).toEqual(REMOVED);
    expect(await counts('week', 'week-too', 'two-days', 'for-ever')).toEqual([8, 8, 3, 10]);
    const kept = await suite.values({ deviceKey: 'two-days', metric: 'day' });
    expect(kept.map(({ value }) => value)).toEqual([2, 1, 0]);
  });

  it('clears positions that are too old, and keeps all else', async () => {
    const position = { lat: 45.4642, lon: 9.19, accuracy: 8, speed: 3.1, heading: 270, altitude: 120 };
    const metrics = { fuel: 0.12, on: true, state: 'idle' };
    const at = T0 - 40 * DAY_MS;
    const old = { at, receivedAt: at + 40 };
    const bound = T0 - 30 * DAY_MS;
    // As if the suite began here: what came before is newer.
    await suite.keep('moved', [
      { ...old, position, metrics, event: 'purchase', flags: ['late'] },
      { ...old, position, event: 'ping' },
      { ...old, position },
      { ...old, metrics },
      { at: bound - 1, receivedAt: bound - 1, position, metrics },
      { at: bound, receivedAt: bound, position, metrics },
      { position },
    ]);
    await suite.keep('elsewhere', [{ ...old, position: { lat: -1, lon: 179.5 } }]);
    expect(await suite.store.oldestPosition()).toBe(await oldest(at, at + 40));
    const clear = () => suite.store.expire({ readings: [], positionsBefore: bound });
    expect(await clear()).toEqual(REMOVED);
    expect(await suite.readings({ deviceKey: 'moved' })).toEqual([
      { at, metrics, event: 'purchase', flags: ['late'] },
      { at, event: 'ping', flags: [] },
      { at, metrics, flags: [] },
      { at: bound - 1, metrics, flags: [] },
      { at: bound, position, metrics, flags: [] },
      { at: T0, position, flags: [] },
    ]);
    expect(await counts('elsewhere')).toEqual([0]);
    expect(await suite.values({ deviceKey: 'moved', metric: 'fuel' })).toHaveLength(4);
    expect(await suite.store.oldestPosition()).toBe(bound);
    expect(await clear()).toEqual(REMOVED);
    expect(await counts('moved')).toEqual([6]);
  });

  /** By arrival, or in a store that is ordered by the time of readings by that. */
  async function oldest(...times: readonly number[]): Promise<number | undefined> {
    const found = await suite.store.oldestPosition();
    return times.find((time) => time === found);
  }

  it('stores and reads while it removes, and loses nothing', async () => {
    await days('old');
    await suite.keep(
      'live',
      Array.from({ length: 2_000 }, (_, n) => ({ at: T0 + n, metrics: { n } })),
    );
    let removing = true;
    const removal = Promise.all([
      suite.store.expire({
        readings: [{ deviceKeys: ['old'], before: T0 - 86_400_000 }],
        positionsBefore: T0 - 86_400_000,
      }),
      suite.store.erase(['old']),
      suite.store.erase(['nobody']),
    ]).finally(() => {
      removing = false;
    });
    let written = 2_000;
    do {
      await suite.keep('live', [{ at: T0 + written, metrics: { n: written } }]);
      written += 1;
      expect(await counts('live')).toEqual([1_000]);
    } while (removing && written < 5_000);
    expect(await removal).toEqual([REMOVED, REMOVED, REMOVED]);
    expect(await counts('old')).toEqual([0]);
    const { points } = await suite.store.read({ deviceKey: 'live', metric: 'n', limit: 100_000 });
    expect(points.map((point) => 'value' in point && point.value)).toEqual(
      Array.from({ length: written }, (_, n) => n),
    );
  });
}
