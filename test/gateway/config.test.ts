import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../gateway/config.ts';
import { WaysideError } from '../../gateway/errors.ts';

function problemsOf(env: Record<string, string>): Record<string, string> {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof WaysideError && error.code === 'bad_settings') {
      return Object.fromEntries(error.problems.map(({ path, message }) => [path, message]));
    }
    throw error;
  }
  return {};
}

describe('settings', () => {
  it('have defaults that run on one machine', () => {
    expect(loadConfig({})).toMatchObject({
      dataDir: './data',
      host: '127.0.0.1',
      httpPort: 8080,
      mqttPort: 1883,
      influx: null,
      timeScale: 1,
      timeStart: null,
    });
  });

  it('are read from the environment', () => {
    const config = loadConfig({
      WAYSIDE_HTTP_PORT: '0',
      WAYSIDE_INFLUX_URL: 'http://127.0.0.1:8086/',
      WAYSIDE_INFLUX_BUCKET: 'fleet',
      WAYSIDE_PUSH_HOSTS: 'http://127.0.0.1:9000/, https://push.example.org',
      WAYSIDE_TIME_SCALE: '60',
      WAYSIDE_TIME_START: '2020-03-05T13:22:00Z',
    });
    expect(config).toMatchObject({
      httpPort: 0,
      influx: { url: 'http://127.0.0.1:8086', bucket: 'fleet' },
      pushHosts: ['http://127.0.0.1:9000', 'https://push.example.org'],
      timeScale: 60,
      timeStart: Date.UTC(2020, 2, 5, 13, 22),
    });
  });

  it('of the journal are a bound in bytes and an ISO 8601 duration, at most as long as positions are kept', () => {
    expect(loadConfig({})).toMatchObject({ journalMaxBytes: 8 * 1024 ** 3, journalKeepMs: 0 });
    expect(
      loadConfig({ WAYSIDE_JOURNAL_MAX_BYTES: '16777216', WAYSIDE_JOURNAL_KEEP: 'P1DT12H' }),
    ).toMatchObject({ journalMaxBytes: 16_777_216, journalKeepMs: 36 * 3_600_000 });
    expect(problemsOf({ WAYSIDE_JOURNAL_MAX_BYTES: '1GB', WAYSIDE_JOURNAL_KEEP: 'a day' })).toEqual({
      WAYSIDE_JOURNAL_MAX_BYTES: '"1GB" is not a whole number of bytes, at least 16777216',
      WAYSIDE_JOURNAL_KEEP: '"a day" is not a duration like PT12H or P1D',
    });
    // It holds positions, too.
    expect(loadConfig({ WAYSIDE_POSITION_DAYS: '2', WAYSIDE_JOURNAL_KEEP: 'P9D' })).toMatchObject({
      positionDays: 2,
      journalKeepMs: 2 * 86_400_000,
    });
    expect(loadConfig({ WAYSIDE_POSITION_DAYS: '0', WAYSIDE_JOURNAL_KEEP: 'P9D' })).toMatchObject({
      positionDays: 0,
      journalKeepMs: 9 * 86_400_000,
    });
    expect(problemsOf({ WAYSIDE_POSITION_DAYS: '-1' })).toHaveProperty('WAYSIDE_POSITION_DAYS');
    expect(problemsOf({ WAYSIDE_JOURNAL_MAX_BYTES: '1000000' })).toHaveProperty('WAYSIDE_JOURNAL_MAX_BYTES');
  });

  it('tell all their problems at once, each by its name', () => {
    const problems = problemsOf({
      WAYSIDE_HTTP_PORT: '80800',
      WAYSIDE_MQTT_PORT: 'mqtt',
      WAYSIDE_INFLUX_URL: 'influx:8086',
      WAYSIDE_TIME_SCALE: '-1',
      WAYSIDE_TIME_START: 'yesterday',
      WAYSIDE_VAPID_SUBJECT: 'me',
    });
    expect(Object.keys(problems).sort()).toEqual([
      'WAYSIDE_HTTP_PORT',
      'WAYSIDE_INFLUX_URL',
      'WAYSIDE_MQTT_PORT',
      'WAYSIDE_TIME_SCALE',
      'WAYSIDE_TIME_START',
      'WAYSIDE_VAPID_SUBJECT',
    ]);
    expect(problems.WAYSIDE_HTTP_PORT).toContain('"80800"');
  });

  it.each(['yesterday', '99999999999999999999', '2026-13-01'])('refuse %s as a moment', (text) => {
    expect(problemsOf({ WAYSIDE_TIME_START: text })).toHaveProperty('WAYSIDE_TIME_START');
  });

  it('that do not exist are named, with the nearest that does', () => {
    expect(problemsOf({ WAYSIDE_HTP_PORT: '80' })).toEqual({
      WAYSIDE_HTP_PORT: expect.stringContaining('WAYSIDE_HTTP_PORT'),
    });
  });

  it('takes no admin token that no request could carry', () => {
    expect(problemsOf({ WAYSIDE_ADMIN_TOKEN: 'two words are too many' })).toHaveProperty(
      'WAYSIDE_ADMIN_TOKEN',
    );
    expect(problemsOf({ WAYSIDE_ADMIN_TOKEN: '0123456789abcdef' })).toEqual({});
  });

  it('never show a secret', () => {
    const problems = problemsOf({
      WAYSIDE_ADMIN_TOKEN: 'hunter2',
      WAYSIDE_INFLUX_URL: 'influx://user:hunter2@localhost',
    });
    expect(problems.WAYSIDE_ADMIN_TOKEN).toContain('at least 16');
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });
});
