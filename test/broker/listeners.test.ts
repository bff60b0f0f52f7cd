import { describe, expect, it } from 'vitest';
import { Listeners } from '../../broker/listeners.ts';

describe('listeners', () => {
  it.each([
    ['devices/a/telemetry', { a: true, b: false }],
    ['devices/a/+', { a: true, b: false }],
    ['devices/a/#', { a: true, b: false }],
    ['devices/a/telemetry/#', { a: true, b: false }],
    ['devices/a/commands', { a: false, b: false }],
    ['devices/a/+/+', { a: false, b: false }],
    ['devices/+/telemetry', { a: true, b: true }],
    ['devices/#', { a: true, b: true }],
    ['+/b/telemetry', { a: true, b: true }],
    ['#', { a: true, b: true }],
    ['devices/+/commands', { a: false, b: false }],
    ['home/#', { a: false, b: false }],
  ])('of %j hear %j', (filter, heard) => {
    const listeners = new Listeners();
    const session = new Set<string>();
    listeners.add(session, filter);
    const now = () => ({ a: listeners.anyoneListens('a'), b: listeners.anyoneListens('b') });
    expect(now()).toEqual(heard);
    listeners.clear(session);
    expect(now()).toEqual({ a: false, b: false });
  });

  it('are counted by session, each filter once', () => {
    const listeners = new Listeners();
    const [one, other] = [new Set<string>(), new Set<string>()];
    listeners.add(one, 'devices/a/#');
    listeners.add(one, 'devices/a/#');
    listeners.add(other, 'devices/a/telemetry');
    listeners.remove(one, 'devices/a/#');
    expect(listeners.anyoneListens('a')).toBe(true);
    listeners.remove(one, 'devices/a/#');
    listeners.remove(other, 'devices/a/telemetry');
    expect(listeners.anyoneListens('a')).toBe(false);
  });
});
