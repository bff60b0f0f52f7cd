import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { keyBytes, subscribeWithin } from '../../dashboard/api/push-subscription.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('gives up on a push service that never answers, so that no button turns for ever', async () => {
  const silent = { subscribe: () => new Promise<never>(() => undefined) };
  const outcome = expect(subscribeWithin(silent, 'AQID')).rejects.toMatchObject({ name: 'TimeoutError' });
  await vi.advanceTimersByTimeAsync(20_000);
  await outcome;
});

it('subscribes with the key as bytes', async () => {
  const asked: unknown[] = [];
  const manager = { subscribe: async (options: unknown) => asked.push(options) };
  await subscribeWithin(manager, '-_8');
  expect(asked).toEqual([{ userVisibleOnly: true, applicationServerKey: Uint8Array.of(0xfb, 0xff) }]);
  expect(keyBytes('AQID')).toEqual(Uint8Array.of(1, 2, 3));
});
