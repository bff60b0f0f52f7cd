import type { Random } from '../../devices-sim/city/model/random.ts';

const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -0,
  -1,
  1e308,
  -1e308,
  5e-324,
  2 ** 53,
  1_763_756_400,
  1_763_756_400_000,
  8.64e15 + 1,
  90.000001,
  -180.5,
  '',
  '\u0000',
  '\ud800',
  'x'.repeat(300),
  '__proto__',
  '1763756400000',
  '2025-11-21T20:00:00Z',
  [],
  [[[[[[[[[[]]]]]]]]]],
  {},
  { lat: 91, lon: 181 },
  { constructor: { prototype: 1 } },
];
const ODD_NAMES = [
  '__proto__',
  'constructor',
  'toString',
  '',
  'at',
  'ts',
  'tst',
  'n',
  'bn',
  'bt',
  'v',
  'values',
  'metrics',
  'position',
  'lat',
  'lon',
  '_type',
  '\u0000',
  'x'.repeat(200),
] as const;

/** A copy of a JSON value in which one place, however deep, has become something else. */
export function mutateValue(value: unknown, random: Random): unknown {
  if (random.chance(0.15) || typeof value !== 'object' || value === null) return random.pick(ODD_VALUES);
  if (Array.isArray(value)) return mutateArray(value, random);
  const entries = Object.entries(value);
  const at = random.integer(entries.length + 1);
  const chosen = entries[at];
  if (chosen === undefined || random.chance(0.2))
    entries.push([random.pick(ODD_NAMES), random.pick(ODD_VALUES)]);
  else if (random.chance(0.15)) entries.splice(at, 1);
  else
    entries[at] = [random.chance(0.1) ? random.pick(ODD_NAMES) : chosen[0], mutateValue(chosen[1], random)];
  // A `__proto__` is to be a key like any other, as JSON.parse gives it.
  const copy: Record<string, unknown> = {};
  for (const [name, one] of entries)
    Object.defineProperty(copy, name, { value: one, enumerable: true, configurable: true, writable: true });
  return copy;
}

function mutateArray(value: readonly unknown[], random: Random): unknown {
  const copy = [...value];
  const at = random.integer(copy.length + 1);
  if (at === copy.length || random.chance(0.1)) copy.push(random.pick(ODD_VALUES));
  else if (random.chance(0.12)) copy.splice(at, 1);
  else if (random.chance(0.05)) return Array.from({ length: random.integer(1500) }, () => copy[at]);
  else copy[at] = mutateValue(copy[at], random);
  return copy;
}
