import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../rules/decide.ts';
import { emptyMemory, type Memory } from '../../rules/memory.ts';
import { BUILT_IN_DEVICE_TYPES, type DeviceType } from '../../rules/readings/device-type.ts';
import type { Reading } from '../../rules/readings/reading.ts';
import { convertUnit } from '../../rules/readings/units.ts';
import { compileRulebook } from '../../rules/rulebook.ts';
import { circle, point, rule, timeOf, WILLING } from './scenario.ts';

const NOW = timeOf('10:00:00');
const dropping: DeviceType = { id: 'dropping', name: 'D', mobile: true, metrics: {}, unknownMetrics: 'drop' };
const book = compileRulebook({
  places: [circle('cafe', { radius: 100 })],
  rules: [
    {
      rule: rule({ id: 'near', name: 'Near', trigger: { place: { id: 'cafe' }, on: 'enter' } }),
      version: 1,
      state: 'live',
    },
    { rule: rule({ id: 'buy', name: 'Buy', trigger: { event: 'purchase' } }), version: 1, state: 'live' },
  ],
  deviceTypes: [...BUILT_IN_DEVICE_TYPES, dropping],
});

function take(
  reading: Reading,
  {
    type = 'car',
    memory = emptyMemory,
    arrivedAt,
  }: { type?: string; memory?: Memory; arrivedAt?: number } = {},
) {
  const device = { id: `${type}-1`, type };
  return decide(
    book,
    memory,
    {
      kind: 'reading',
      device,
      consumer: WILLING,
      reading,
      readingId: '1',
      ...(arrivedAt === undefined ? {} : { arrivedAt }),
    },
    NOW,
  );
}

describe('what is worth counting', () => {
  it('is an unknown metric, kept or dropped', () => {
    const unknown = [{ kind: 'unknown_metric', name: 'oil' }];
    expect(take({ metrics: { oil: 1, fuel: 0.5 } })).toMatchObject({ remarks: unknown, problems: [] });
    const dropped = take({ metrics: { oil: 1 }, event: 'x' }, { type: 'dropping' });
    expect(dropped).toMatchObject({ remarks: unknown, problems: [] });
    expect(dropped.admitted).toEqual({ at: NOW, flags: [], event: 'x' });
  });

  it('is a value out of range and one of the wrong kind, by metric', () => {
    expect(take({ metrics: { fuel: 7, rpm: 'many', ignition: true } }).remarks).toEqual([
      { kind: 'out_of_range', name: 'fuel' },
      { kind: 'wrong_kind', name: 'rpm' },
    ]);
  });

  it('is a metric that nobody described and that changes its kind', () => {
    const { memory } = take({ metrics: { oil: 1 } });
    expect(take({ metrics: { oil: 'low' } }, { memory }).remarks).toContainEqual({
      kind: 'kind_changed',
      name: 'oil',
    });
    expect(take({ metrics: { oil: 2 } }, { memory }).remarks).toEqual([
      { kind: 'unknown_metric', name: 'oil' },
    ]);
  });

  it('is nothing about a plain reading', () => {
    expect(
      take({ at: NOW, position: { lat: 45, lon: 9, speed: 300 }, metrics: { fuel: 0.5 } }).remarks,
    ).toEqual([]);
  });
});

describe('an impossible position', () => {
  it('of 0°, 0° is kept and flagged', () => {
    const step = take({ position: { lat: 0, lon: 0 } });
    expect(step.admitted).toEqual({ at: NOW, flags: ['null_island'], position: { lat: 0, lon: 0 } });
    expect(step.remarks).toEqual([{ kind: 'null_island', name: 'position' }]);
    expect(take({ position: { lat: 0, lon: 0.000001 } }).admitted?.flags).toEqual([]);
  });

  it.each([
    ['speed', 1_000.1],
    ['altitude', -11_001],
    ['altitude', 100_001],
  ] as const)('loses a %s of %d, and nothing else', (field, value) => {
    const step = take({ position: { lat: 45, lon: 9, accuracy: 5, [field]: value } });
    expect(step.admitted?.position).toEqual({ lat: 45, lon: 9, accuracy: 5 });
    expect(step.problems).toMatchObject([{ code: 'bad_position', part: { kind: 'position' } }]);
    expect(step.problems[0]?.message).not.toContain(String(value));
    expect(step.remarks).toEqual([{ kind: 'out_of_range', name: `position.${field}` }]);
  });
});

describe('a unit that the dialect names', () => {
  it('is turned into that of the device type', () => {
    const step = take({ metrics: { speed: 36, fuel: 40 }, units: { speed: 'km/h', fuel: '%' } });
    expect(step.admitted?.metrics).toEqual({ speed: 10, fuel: 0.4 });
    expect(step.remarks).toEqual([
      { kind: 'unit_converted', name: 'speed' },
      { kind: 'unit_converted', name: 'fuel' },
    ]);
  });

  it('of a metric that nobody described is turned into SI, or left where it is not known', () => {
    const step = take({ metrics: { wind: 36, moisture: 3 }, units: { wind: 'km/h', moisture: 'smoots' } });
    expect(step.admitted?.metrics).toEqual({ wind: 10, moisture: 3 });
    expect(step.remarks).toContainEqual({ kind: 'unit_converted', name: 'wind' });
    expect(step.remarks).not.toContainEqual({ kind: 'unit_converted', name: 'moisture' });
  });

  it('is no news where it is the same, spelled otherwise or not', () => {
    const step = take({
      metrics: { coolantTemperature: 90, speed: 3 },
      units: { coolantTemperature: 'Cel' },
    });
    expect(step.admitted?.metrics).toEqual({ coolantTemperature: 90, speed: 3 });
    expect(step.remarks).toEqual([]);
  });

  it('is refused where it measures something else; the range holds for what it was turned into', () => {
    const step = take({ metrics: { speed: 1, fuel: 400 }, units: { speed: 'Cel', fuel: '%' } });
    expect(step.problems.map(({ message }) => message)).toEqual([
      'metrics.speed must be in m/s, found Cel',
      'metrics.fuel must be at most 1 ratio, found 4',
    ]);
  });

  it.each([
    [212, '°F', '°C', 100],
    [300, 'K', '°C', 26.85],
    [5, 'kn', 'km/h', 9.26],
    [1.5, 'bar', 'kPa', 150],
  ])('%d %s in %s %s is %d', (value, from, to, expected) => {
    expect(convertUnit(value, from, to)).toBeCloseTo(expected, 10);
  });

  it('comes back as it was, within what a double can say', () => {
    const pairs = [
      ['km/h', 'mph'],
      ['°F', 'K'],
      ['psi', 'bar'],
      ['ft', 'mi'],
    ] as const;
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.constantFrom(...pairs),
        (value, [a, b]) => {
          const there = convertUnit(value, a, b);
          const back = there === null ? null : convertUnit(there, b, a);
          expect(back).not.toBeNull();
          expect(Math.abs((back ?? 0) - value)).toBeLessThan(1e-6);
        },
      ),
    );
    expect(convertUnit(1, 'furlong', 'm')).toBeNull();
    expect(convertUnit(1, 'furlong', 'furlong')).toBe(1);
  });
});

describe('a reading taken out of quarantine', () => {
  const inside = point(0, 0);
  it('is stored by its own time, as late, and triggers nothing, however new it is', () => {
    const step = take({ position: inside, metrics: { fuel: 0.5 } }, { arrivedAt: NOW - 1_000 });
    expect(step.admitted).toMatchObject({ at: NOW - 1_000, flags: ['late'] });
    expect(step).toMatchObject({ decisions: [], visits: [], memory: { devices: {} } });
    expect(take({ position: inside }).visits).toHaveLength(1);
  });

  it('with an event leaves a decision that says why nothing was sent', () => {
    expect(take({ event: 'purchase' }, { arrivedAt: NOW - 1 }).decisions).toMatchObject([
      {
        outcome: { kind: 'suppressed', reason: 'late_reading' },
        detail: expect.stringContaining('quarantine'),
      },
    ]);
  });

  it('has its clock corrected by when it had arrived', () => {
    const hour = 3_600_000;
    expect(take({ at: NOW - hour, event: 'x' }, { arrivedAt: NOW - 2 * hour }).admitted).toMatchObject({
      at: NOW - 2 * hour,
      flags: ['late', 'clock_corrected'],
    });
  });
});
