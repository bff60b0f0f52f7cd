import { describe, expect, it } from 'vitest';
import { outsideSchedule, type Schedule } from '../../rules/document/schedule.ts';
import { isTimezone, localTime } from '../../rules/time/local-time.ts';
import { inQuietHours } from '../../rules/time/quiet-hours.ts';

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

  it('begins with its first local day', () => {
    const later = { ...schedule, days: null, hours: null, from: '2026-03-07', until: null };
    expect(outsideSchedule(later, zones, at('2026-03-06T22:59:59Z'))).toContain('runs from 2026-03-07');
    expect(outsideSchedule(later, zones, at('2026-03-06T23:00:00Z'))).toBeNull();
  });

  describe('where the clocks are set (Berlin: 02:00 to 03:00 on 29 March, 03:00 to 02:00 on 25 October 2026)', () => {
    const windowOf = (from: number, to: number): Schedule => ({
      ...schedule,
      days: null,
      hours: { from, to },
      until: null,
    });
    /** Minutes from 00:00 to 12:00 UTC of a day on which a window is open. */
    const openMinutes = (window: Schedule, day: string) => {
      const midnight = at(`${day}T00:00:00Z`);
      return Array.from({ length: 12 * 60 }, (_, minute) => minute).filter(
        (minute) => outsideSchedule(window, zones, midnight + minute * 60_000) === null,
      );
    };

    it('has no minute of an hour that is left out', () => {
      expect(openMinutes(windowOf(120, 180), '2026-03-29')).toEqual([]);
      const across = openMinutes(windowOf(90, 210), '2026-03-29');
      // 01:30 to 02:00, which is 03:00 at once, to 03:30.
      expect([across.length, across[0], across.at(-1)]).toEqual([60, 30, 89]);
    });

    it('is open twice in an hour that comes twice', () => {
      const twice = openMinutes(windowOf(120, 180), '2026-10-25');
      expect([twice.length, twice[0], twice.at(-1)]).toEqual([120, 0, 119]);
    });

    it('is as long as ever on the day before, and spans midnight into it', () => {
      expect(openMinutes(windowOf(120, 180), '2026-03-28')).toHaveLength(60);
      const night = { ...windowOf(23 * 60, 4 * 60), days: ['sat'] as const };
      // The night of Saturday ends at 04:00 summer time on Sunday.
      expect(outsideSchedule(night, zones, at('2026-03-29T01:59:59Z'))).toBeNull();
      expect(outsideSchedule(night, zones, at('2026-03-29T02:00:00Z'))).toContain('it is sun');
    });
  });
});
