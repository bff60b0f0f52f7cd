import { expect, test } from 'vitest';
import { createPushFaults, parseFaults } from '../../devices-sim/push-service/push-faults.ts';

test('what is planned comes first, then what repeats, in turn', () => {
  const faults = createPushFaults();
  faults.repeat([null, { kind: 'hang' }]);
  faults.plan({ kind: 'reset' }, 2);
  const kinds = Array.from({ length: 6 }, () => faults.next()?.kind ?? 'ok');
  expect(kinds).toEqual(['reset', 'reset', 'ok', 'hang', 'ok', 'hang']);
  faults.clear();
  expect(faults.next()).toBeNull();
});

test('reads a list of faults, and refuses a word that it does not know', () => {
  expect(parseFaults('ok,hang,429,oversize')).toEqual([
    null,
    { kind: 'hang' },
    { kind: 'status', status: 429 },
    { kind: 'oversize', bytes: 10_000_000 },
  ]);
  for (const text of ['', 'slow', '99', '600', 'ok,,hang']) expect(parseFaults(text)).toBeNull();
});
