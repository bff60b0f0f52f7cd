import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isValidId,
  mayPublish,
  maySubscribe,
  parseDeviceTopic,
  telemetryTopic,
} from '../../broker/topics.ts';

describe('ids', () => {
  it.each(['a', 'A-Z_0.9:x', '__proto__', 'x'.repeat(128)])('allow %j', (id) => {
    expect(isValidId(id)).toBe(true);
  });

  it.each(['', 'x'.repeat(129), 'a b', 'a/b', 'a+', '#', 'ä', 'a\n', 'a\u0000', '\ud800'])(
    'refuse %j',
    (id) => {
      expect(isValidId(id)).toBe(false);
    },
  );
});

describe('topics', () => {
  it.each([
    ['devices/d1/telemetry', { kind: 'telemetry', deviceId: 'd1' }],
    ['devices/d1/commands', { kind: 'commands', deviceId: 'd1' }],
    ['devices/d1/commands/c1/reply', { kind: 'reply', deviceId: 'd1', commandId: 'c1' }],
    ['devices/d1/config', { kind: 'config', deviceId: 'd1' }],
    ['devices/d1/errors', { kind: 'errors', deviceId: 'd1' }],
  ])('take %j apart', (topic, parts) => {
    expect(parseDeviceTopic(topic)).toEqual(parts);
  });

  it.each([
    '',
    'devices',
    'devices/d1',
    'devices//telemetry',
    'devices/d1/telemetry/',
    '/devices/d1/telemetry',
    'devices/d1/telemetry\u0000',
    'devices/d 1/telemetry',
    'devices/d1/commands/c1',
    'devices/d1/commands//reply',
    'devices/d1/commands/c1/reply/more',
    'devices/d1/config/c1/reply',
    'Devices/d1/telemetry',
    `devices/${'x'.repeat(129)}/telemetry`,
  ])('refuse %j', (topic) => {
    expect(parseDeviceTopic(topic)).toBeNull();
  });

  it('let a device publish only what is its own', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (own, other) => {
        if (isValidId(own)) expect(mayPublish(own, telemetryTopic(own))).toBe(true);
        if (own !== other) expect(mayPublish(own, telemetryTopic(other))).toBe(false);
      }),
    );
  });

  it('never let a subscription reach beyond the own device', () => {
    const level = fc.constantFrom('devices', 'a', 'b', '+', '#', 'commands', '', 'telemetry', '\u0001');
    fc.assert(
      fc.property(fc.array(level, { maxLength: 5 }), (levels) => {
        const filter = levels.join('/');
        if (maySubscribe('a', filter)) expect(filter).toMatch(/^devices\/a\/[a-z+#/]+$/);
      }),
    );
  });
});
