import { expect, test } from 'vitest';
import { deliveryHealth } from '../../../gateway/delivery/delivery-health.ts';
import type { ServiceReport } from '../../../gateway/delivery/services.ts';

const NOW = 10_000_000;
const GOING = { stopped: false, note: null };
const well: ServiceReport = {
  origin: 'https://a.example',
  sent: 1,
  retried: 0,
  gone: 0,
  refused: [],
  restingUntil: null,
};

test('all is well', () => {
  expect(deliveryHealth(GOING, [well], NOW)).toEqual({ ok: true });
});

test('a stop of all sending is told, with its reason', () => {
  expect(deliveryHealth({ stopped: true, note: 'wrong prices' }, [], NOW)).toEqual({
    ok: false,
    degraded: true,
    detail: 'all sending is stopped (wrong prices); PUT /api/v1/sending lets it go on',
  });
});

test('refusals are told for a quarter of an hour', () => {
  const refused = [{ status: 403, count: 7, lastAt: NOW - 60_000 }];
  const report = { ...well, refused };
  expect(deliveryHealth(GOING, [report], NOW)).toMatchObject({
    ok: false,
    degraded: true,
    detail: expect.stringMatching(/^https:\/\/a\.example refused 7 with 403; /),
  });
  expect(deliveryHealth(GOING, [report], NOW + 15 * 60_000)).toEqual({ ok: true });
});

test('services that are left alone are named, a few of them', () => {
  const resting = Array.from({ length: 8 }, (_, n) => ({
    ...well,
    origin: `https://${n}.example`,
    restingUntil: NOW + 1_500,
  }));
  const { ok, detail } = deliveryHealth(GOING, resting, NOW);
  expect(ok).toBe(true);
  expect(detail).toBe(
    `${[0, 1, 2, 3, 4].map((n) => `https://${n}.example is left alone for 2 s`).join(', ')} and 3 more`,
  );
});
