import i18next, { type TFunction } from 'i18next';
import { beforeAll, describe, expect, it } from 'vitest';
import type { OfferWhy } from '../../dashboard/api/my-data-shapes.ts';
import { lineOf } from '../../dashboard/consumer/data/gaps.ts';
import { inWords } from '../../dashboard/consumer/data/measure.ts';
import {
  closeUpOf,
  periodOf,
  pieceInWords,
  shiftDays,
  startOfDay,
} from '../../dashboard/consumer/data/spans.ts';
import { de } from '../../dashboard/consumer/i18n/de.ts';
import { en } from '../../dashboard/consumer/i18n/en.ts';
import { it as italian } from '../../dashboard/consumer/i18n/it.ts';
import { byReason } from '../../dashboard/consumer/why/held-back.ts';
import { readWords, reasonWord, whySentences } from '../../dashboard/consumer/why/why-words.ts';
import { BUILT_IN_DEVICE_TYPES } from '../../rules/readings/device-type.ts';
import { SUPPRESSION_REASONS } from '../../rules/step.ts';

const WORDS = { en, de, it: italian };
const LANGUAGES = Object.keys(WORDS) as (keyof typeof WORDS)[];
const TRIGGERS = ['enter', 'exit', 'dwell', 'approach', 'pass', 'metric', 'event'] as const;
const formats = { locale: 'en', date: () => '3 May 2026' };

beforeAll(async () => {
  await i18next.init({ lng: 'en', resources: WORDS, interpolation: { escapeValue: false } });
});

const wordsOf = (language: string) =>
  i18next.getFixedT(language) as unknown as TFunction<['why', 'settings', 'data']>;

const WHY: OfferWhy = {
  device: { id: 'car-1', type: 'car' },
  place: { id: 'cafe', name: 'Corner Coffee' },
  trigger: { on: 'enter' },
  purposes: [{ purpose: 'location_offers', grantedAt: 5, policyVersion: 2 }],
  reads: ['place', 'position', 'metrics.fuel'],
  rule: { id: 'coffee-r', name: 'Coffee on arrival' },
  detail: 'car-1 entered',
};
const AGREED = [{ purpose: 'location_offers', granted: true }];

describe.each(LANGUAGES)('the words, %s', (language) => {
  it('tell every reason in its own way, none of them as it is called inside', () => {
    const told = SUPPRESSION_REASONS.map((reason) => WORDS[language].why.reason[reasonWord(reason) as never]);
    expect(new Set(told).size).toBe(SUPPRESSION_REASONS.length);
    for (const text of told) expect(text).toMatch(/^\p{Lu}[^_]{15,}\.$/u);
    for (const reason of SUPPRESSION_REASONS) expect(reasonWord(reason)).toBe(reason);
  });

  it('tell every trigger in whole sentences, without an id', () => {
    for (const on of TRIGGERS) {
      for (const place of [WHY.place, null]) {
        const trigger = { on, ...((on === 'metric' || on === 'event') && { what: 'fuel' }) };
        const sentences = whySentences({ ...WHY, place, trigger }, AGREED, wordsOf(language), formats);
        expect(sentences.length).toBe(4);
        for (const sentence of sentences) {
          expect(sentence).toMatch(/^\p{Lu}.+\.$/u);
          expect(sentence).not.toMatch(/car-1|cafe|coffee-r|\{\{|[a-z]+_[a-z]+|why:|undefined/);
        }
        if (place !== null && on === 'enter') expect(sentences[0]).toContain('Corner Coffee');
      }
    }
  });

  it('have a name for each metric and device type that is built in', () => {
    for (const type of BUILT_IN_DEVICE_TYPES) {
      expect(Object.keys(WORDS[language].data.type)).toContain(type.id);
      expect(Object.keys(WORDS[language].why.device)).toContain(type.id);
      for (const metric of Object.keys(type.metrics))
        expect(Object.keys(WORDS[language].data.metric)).toContain(metric);
    }
  });
});

describe('why an offer came', () => {
  const t = () => wordsOf('en');

  it('is told in order: what happened, what was looked at, what was agreed to, whose rule', () => {
    expect(whySentences(WHY, AGREED, t(), formats)).toEqual([
      'Your car arrived at Corner Coffee.',
      'For this, it looked at: the place, where the device was, and Fuel.',
      'You agreed to “Offers near places” on 3 May 2026, as worded in version 2.',
      'It was sent by the rule “Coffee on arrival”, which a person wrote.',
    ]);
  });

  it('says what is no more: a consent, a device, a place, a rule that cannot be read', () => {
    const gone = {
      ...WHY,
      device: { id: 'car-1', type: null },
      place: { id: 'cafe', name: null },
      variant: 'b',
    };
    const sentences = whySentences(gone, [], t(), formats);
    expect(sentences[0]).toBe('A device that was yours arrived at a place that this offer is for.');
    expect(sentences).toContain('You had agreed to “Offers near places” then, and have withdrawn it since.');
    expect(sentences.at(-1)).toContain('by chance');
    expect(whySentences({ ...WHY, trigger: null, reads: [] }, AGREED, t(), formats)).toHaveLength(2);
  });

  it('names what a rule looked at once each, and nothing that is no data', () => {
    const reads = ['metrics.fuel', 'metrics.tyre', 'event.purchase', 'position', 'position', 'constructor'];
    expect(readWords(reads, t())).toEqual(['Fuel', 'tyre', 'the report “purchase”', 'where the device was']);
  });
});

describe('what was not sent', () => {
  it('is grouped by reason, the latest first; a reason that is not known is told, too', () => {
    const held = (id: string, reason: string) => ({
      id,
      at: 1,
      rule: { id: 'r', name: 'R' },
      reason,
      detail: '',
    });
    const groups = byReason([
      held('3', 'quiet_hours'),
      held('2', 'expired after time_out'),
      held('1', 'quiet_hours'),
      held('0', 'toString'),
    ]);
    expect(groups.map(({ reason, items }) => [reason, items.length])).toEqual([
      ['quiet_hours', 2],
      ['expired', 1],
      ['other', 1],
    ]);
  });
});

describe('figures', () => {
  const say = { yes: 'Yes', no: 'No' };
  it.each([
    [0.453, 'ratio', '45 %'],
    [27.78, 'm/s', '100 km/h'],
    [12_345, 'm', '12.3 km'],
    [101_325, 'Pa', '1,013 hPa'],
    [4.06, '°C', '4.1 °C'],
    [1.005, 'bar', '1.01 bar'],
    [true, '', 'Yes'],
    ['Wi-Fi', '', 'Wi-Fi'],
    [3, 'constructor', '3 constructor'],
  ])('%s in %s is %s', (value, unit, words) => {
    expect(inWords(value, unit, 'en', say)).toBe(words);
  });

  it('break the line where a device was away, and not where it only speaks seldom', () => {
    const minute = 60_000;
    const often = [0, 10, 20, 30, 400, 410].map((at) => ({ at: at * minute, value: 1 }));
    expect(lineOf(often, 10 * minute, 2).values).toEqual([2, 2, 2, 2, null, 2, 2]);
    const seldom = [0, 120, 240, 360].map((at) => ({ at: at * minute, value: 1 }));
    expect(lineOf(seldom, 10 * minute, 1).values).toEqual([1, 1, 1, 1]);
    const door = [0, 10, 400].map((at, step) => ({ at: at * minute, value: step === 1 }));
    expect(lineOf(door, 10 * minute, 1).values).toEqual([0, 1, 0]);
    expect(lineOf([], minute, 1)).toEqual({ times: [], values: [] });
  });

  it('are of whole days, also over a change of the clocks', () => {
    const day = startOfDay(Date.parse('2026-10-25T12:00:00Z'));
    for (const days of [1, -1, 30]) expect(startOfDay(shiftDays(day, days))).toBe(shiftDays(day, days));
    const { from, to } = periodOf('week', day);
    expect(from).toBe(shiftDays(day, -6));
    expect(to).toBe(shiftDays(day, 1));
  });

  it('are looked at closely where a device told something in a small part of them only', () => {
    const day = periodOf('day', startOfDay(Date.parse('2026-05-03T12:00:00Z')));
    const piece = day.everyMs;
    const toldAt = (...pieces: number[]) => pieces.map((one) => ({ at: day.from + one * piece }));
    expect(closeUpOf(day, [])).toBeNull();
    expect(closeUpOf(day, toldAt(3, 4))).toEqual({
      from: day.from + 3 * piece,
      to: day.from + 5 * piece,
      everyMs: 60_000,
    });
    expect(closeUpOf(day, toldAt(3, 15))).toBeNull();
    expect(closeUpOf(day, toldAt(143))?.to).toBe(day.to);
    const month = periodOf('month', startOfDay(Date.parse('2026-05-03T12:00:00Z')));
    // Two days are few pieces of a month, but are no one day, which the hours of an axis are of.
    expect(closeUpOf(month, [{ at: month.from }, { at: month.from + 40 * 3_600_000 }])).toBeNull();
    expect(pieceInWords(60_000, 'en')).toBe('1 minute');
    expect(pieceInWords(4 * 3_600_000, 'de')).toBe('4 Stunden');
  });
});
