import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCampaign } from '../../rules/document/campaign.ts';
import type { Parsed } from '../../rules/document/problem.ts';
import { parseSegment } from '../../rules/document/segment.ts';
import { parsePacing } from '../../rules/pacing/pacing.ts';

const problemsOf = (parsed: Parsed<unknown>): string[] =>
  parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);

describe('a campaign', () => {
  it('has a budget in all and a day, in days of its zone', () => {
    expect(
      parseCampaign({ id: 'spring', budget: { total: 1000, perDay: 50 }, timezone: 'Europe/Rome' }),
    ).toEqual({
      ok: true,
      value: { id: 'spring', name: 'spring', budget: { total: 1000, perDay: 50 }, timezone: 'Europe/Rome' },
    });
    expect(parseCampaign({ id: 'spring', name: 'Spring', budget: { total: null }, timezone: null })).toEqual({
      ok: true,
      value: { id: 'spring', name: 'Spring', budget: {}, timezone: null },
    });
    expect(parseCampaign({ id: 'spring' })).toMatchObject({
      ok: true,
      value: { budget: {}, timezone: null },
    });
  });

  it('tells every problem at once', () => {
    expect(
      problemsOf(
        parseCampaign({
          id: 'a b',
          name: '',
          budgets: 1,
          budget: { total: 0, perday: 2 },
          timezone: 'CEST+1h',
        }),
      ),
    ).toEqual([
      'budgets: is not a known field; known are id, name, budget, timezone. Did you mean "budget"?',
      'id: must be 1 to 128 of A-Z a-z 0-9 . _ : -, found "a b"',
      'name: must be a text of 1 to 200 characters, found ""',
      'budget.perday: is not a known field; known are total, perDay. Did you mean "perDay"?',
      'budget.total: must be a whole number from 1 to 1000000000, found 0',
      'timezone: must be an IANA zone such as Europe/Rome, found "CEST+1h"',
    ]);
  });
});

describe('the cap across rules', () => {
  it('is a count within a time, or none', () => {
    expect(parsePacing({ perConsumer: { count: 5, per: 'P1D' } })).toEqual({
      ok: true,
      value: { perConsumer: { count: 5, perMs: 86_400_000 } },
    });
    for (const none of [{}, { perConsumer: null }])
      expect(parsePacing(none)).toEqual({ ok: true, value: { perConsumer: null } });
    expect(problemsOf(parsePacing({ perConsumer: { count: 0.5, pre: 'P1D' } }))).toEqual([
      'perConsumer.pre: is not a known field; known are count, per. Did you mean "per"?',
      'perConsumer.count: must be a whole number from 1 to 1000, found 0.5',
      'perConsumer.per: must be an ISO 8601 duration such as PT5M or P1D, 1 s to 366 d; found nothing',
    ]);
  });
});

describe('documents of any kind', () => {
  it('give a value or problems, and throw nothing', () => {
    fc.assert(
      fc.property(fc.anything(), (document) => {
        for (const parsed of [parseCampaign(document), parsePacing(document), parseSegment(document)])
          if (!parsed.ok) expect(parsed.problems.length).toBeGreaterThan(0);
      }),
    );
    for (const parse of [parseCampaign, parsePacing, parseSegment]) {
      for (const nothing of [null, undefined, [], 'x', 1]) expect(parse(nothing).ok).toBe(false);
    }
  });
});
