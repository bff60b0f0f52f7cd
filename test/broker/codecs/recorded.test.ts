import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ownTracks } from '../../../broker/codecs/owntracks.ts';
import { decodeSenml, resolveSenml } from '../../../broker/codecs/senml.ts';

/** Optional: see SOURCES.md there. */
const PAYLOADS = new URL('../../../../shared/data/payloads/', import.meta.url);
const isThere = existsSync(PAYLOADS);
const json = (path: string) => JSON.parse(readFileSync(new URL(path, PAYLOADS), 'utf8'));
/** What the resolved examples took for now where they count from now. */
const NOWS: Readonly<Record<string, number>> = { 'ex7.json': 1_499_109_309_000 };
const NOW = 1_498_780_179_000;

describe.skipIf(!isThere)('OwnTracks messages (skipped where ../shared/data is absent)', () => {
  const { valid, invalid } = isThere ? json('owntracks/EXPECTED.json') : { valid: [], invalid: [] };
  const { decoding } = ownTracks;
  const decode = (name: string) => {
    if (decoding.kind !== 'plain') throw new Error('OwnTracks needs no state');
    const payload = readFileSync(new URL(`owntracks/${name.split(' ')[0]}`, PAYLOADS));
    return decoding.codec.decode(payload, { topic: 'owntracks/a/b', receivedAt: NOW, userId: 'd' });
  };

  it('has looked', () => expect(valid.length + invalid.length).toBe(10));

  it.each(valid as string[])('%s is valid upstream, and here', (name) => {
    // Upstream's schema does not look at the time; readings from before 2000 are refused in every dialect.
    const codes = name.startsWith('array') ? ['bad_time', 'bad_time'] : [];
    expect(decode(name).problems.map(({ code }) => code)).toEqual(codes);
  });

  it.each(invalid as string[])('%s is invalid upstream, and here', (name) => {
    const { readings, problems } = decode(name);
    expect(problems.length).toBeGreaterThan(0);
    expect(readings.filter(({ position, event }) => position !== undefined || event !== undefined)).toEqual(
      [],
    );
  });
});

describe.skipIf(!isThere)('SenML examples of RFC 8428 (skipped where ../shared/data is absent)', () => {
  const names = isThere
    ? readdirSync(new URL('senml/', PAYLOADS)).filter((name) => /^ex\d+\.json$/.test(name))
    : [];

  it('has looked', () => expect(names.length).toBe(13));

  it.each(names)('%s becomes readings, and nothing of it is refused', (name) => {
    const { readings, problems } = decodeSenml(json(`senml/${name}`), NOW);
    expect(problems).toEqual([]);
    expect(readings.length).toBeGreaterThan(0);
  });

  it.each(names.filter((name) => name !== 'ex13.json'))('%s resolves to its resolved form', (name) => {
    const expected = json(`senml/${name.replace('.json', '.resolved.json')}`) as Record<string, unknown>[];
    const { records } = resolveSenml(json(`senml/${name}`), NOWS[name] ?? NOW);
    expect(records).toHaveLength(expected.length);
    for (const [index, record] of records.entries()) {
      // Links (`l`) are an extension that says nothing about a value.
      const { t, l: _, ...rest } = expected[index] ?? {};
      const { t: ownTime, ...own } = record;
      expect(own).toEqual(rest);
      expect(ownTime).toBeCloseTo(t as number, 3);
    }
  });
});
