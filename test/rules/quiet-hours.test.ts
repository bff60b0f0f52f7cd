import { describe, expect, it } from 'vitest';
import { isTimezone, localTime } from '../../rules/local-time.ts';
import { inQuietHours } from '../../rules/quiet-hours.ts';
import { outsideSchedule, type Schedule } from '../../rules/schedule.ts';

const at = (text: string) => Date.parse(text);
const NIGHT = { from: '21:00', to: '08:00' };

describe('quiet hours', () => {
  it('span midnight where from is later than to; from is inclusive and to is not', () => {
    const quiet = (time: string) => inQuietHours(NIGHT, null, at(`2026-03-02T${time}Z`));
    expect(['20:59:59', '21:00:00', '23:59:59', '00:00:00', '07:59:59', '08:00:00'].map(quiet)).toEqual([
      false,
      true,
      true,
      true,
      true,
      false,
    ]);
    expect(inQuietHours({ from: '12:00', to: '13:00' }, null, at('2026-03-02T12:30:00Z'))).toBe(true);
    expect(inQuietHours({ from: '12:00', to: '13:00' }, null, at('2026-03-02T11:30:00Z'))).toBe(false);
  });

  it('go by the wall clock of the zone, also when summer time begins', () => {
    expect(inQuietHours(NIGHT, 'America/New_York', at('2026-03-02T12:59:00Z'))).toBe(true);
    expect(inQuietHours(NIGHT, 'America/New_York', at('2026-03-02T13:00:00Z'))).toBe(false);
    // On 29 March 2026 Berlin skips from 02:00 to 03:00.
    expect(inQuietHours(NIGHT, 'Europe/Berlin', at('2026-03-29T05:59:00Z'))).toBe(true);
    expect(inQuietHours(NIGHT, 'Europe/Berlin', at('2026-03-29T06:00:00Z'))).toBe(false);
  });

  it('are none where there are none', () => {
    expect(inQuietHours(null, null, 0)).toBe(false);
    expect(inQuietHours({ from: '08:00', to: '08:00' }, null, at('2026-03-02T08:00:00Z'))).toBe(false);
    expect(inQuietHours({ from: 'evening', to: '08:00' }, null, 0)).toBe(false);
    expect(inQuietHours(NIGHT, 'Mars/Phobos', at('2026-03-02T22:00:00Z'))).toBe(true);
  });
});

describe('a local time', () => {
  it('has the date, weekday and minute of its zone', () => {
    expect(localTime(at('2026-03-01T23:30:00Z'), 'Asia/Tokyo')).toEqual({
      date: '2026-03-02',
      weekday: 'mon',
      minuteOfDay: 510,
    });
    expect(localTime(at('2026-03-02T00:00:00Z'), 'UTC')).toEqual({
      date: '2026-03-02',
      weekday: 'mon',
      minuteOfDay: 0,
    });
    expect(['Europe/Rome', 'UTC', 'Etc/GMT+5', '+01:00', 'Rome', ''].map(isTimezone)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('a schedule', () => {
  const schedule: Schedule = {
    days: ['fri'],
    hours: { from: 22 * 60, to: 2 * 60 },
    timezone: { kind: 'place' },
    from: null,
    until: '2026-03-06',
  };
  const zones = { place: 'Europe/Berlin', consumer: 'Asia/Tokyo' };
  const outside = (time: string) => outsideSchedule({ ...schedule, until: null }, zones, at(time));

  it('that spans midnight belongs to the day on which it began', () => {
    expect(outside('2026-03-06T21:00:00Z')).toBeNull();
    expect(outside('2026-03-07T00:30:00Z')).toBeNull();
    expect(outside('2026-03-07T01:30:00Z')).toContain('it is sat');
    expect(outside('2026-03-06T00:30:00Z')).toContain('it is the night of thu');
    expect(outside('2026-03-07T21:30:00Z')).toContain('it is sat');
  });

  it('ends with its last local day, of the zone that it names or falls back to', () => {
    expect(outsideSchedule(schedule, zones, at('2026-03-06T22:30:00Z'))).toBeNull();
    expect(outsideSchedule(schedule, zones, at('2026-03-06T23:30:00Z'))).toContain('ran until 2026-03-06');
    expect(
      outsideSchedule(schedule, { place: null, consumer: 'Asia/Tokyo' }, at('2026-03-06T14:00:00Z')),
    ).toBeNull();
    expect(outsideSchedule(schedule, { place: null, consumer: null }, at('2026-03-06T22:30:00Z'))).toBeNull();
  });
});
