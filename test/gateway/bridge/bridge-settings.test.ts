import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../gateway/config.ts';
import { WaysideError } from '../../../gateway/errors.ts';

describe('the settings of the bridge', () => {
  it('are none without an address', () => {
    expect(loadConfig({ WAYSIDE_BRIDGE_GROUP: 'depot' }).bridge).toBeNull();
  });

  it('are an address of MQTT, over TCP, TLS or WebSocket', () => {
    for (const url of ['mqtt://broker:1883', 'mqtts://broker', 'ws://broker/mqtt', 'wss://broker/mqtt']) {
      expect(loadConfig({ WAYSIDE_BRIDGE_URL: url }).bridge).toEqual({
        url,
        username: null,
        password: null,
        caFile: null,
        group: null,
      });
    }
  });

  it.each(['http://broker', 'broker:1883', 'mqtt://', 'mqtt://ada:secret@broker'])(
    'are refused as %s, without saying it again',
    (url) => {
      try {
        loadConfig({ WAYSIDE_BRIDGE_URL: url, WAYSIDE_BRIDGE_GROUP: 'a/b' });
        expect.unreachable();
      } catch (error) {
        if (!(error instanceof WaysideError)) throw error;
        expect(error.problems.map(({ path }) => path)).toEqual([
          'WAYSIDE_BRIDGE_URL',
          'WAYSIDE_BRIDGE_GROUP',
        ]);
        expect(error.message).toContain('without user and password');
        expect(error.message).not.toContain('secret');
      }
    },
  );
});
