import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  claimForLink,
  dropClaim,
  keepClaim,
  pendingClaim,
} from '../../dashboard/consumer/settings/pending-claim.ts';

const NOW = Date.UTC(2026, 5, 1);
const HOUR_MS = 3_600_000;

/** The browser's store, as far as the app uses it. */
function storage() {
  const kept = new Map<string, string>();
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, text: string) => void kept.set(name, text),
    removeItem: (name: string) => void kept.delete(name),
  };
}

describe('the code of a device that a link brought', () => {
  beforeEach(() => void vi.stubGlobal('localStorage', storage()));
  afterEach(() => void vi.unstubAllGlobals());

  it('is kept for an hour, until the person has decided', () => {
    expect(pendingClaim(NOW)).toBeNull();
    keepClaim('K7QP-29FX', NOW);
    expect(pendingClaim(NOW + HOUR_MS - 1)).toBe('K7QP-29FX');
    expect(pendingClaim(NOW + HOUR_MS)).toBeNull();
    keepClaim('K7QP-29FX', NOW);
    dropClaim();
    expect(pendingClaim(NOW)).toBeNull();
  });

  it('is not kept for long where the clock is put back by far', () => {
    keepClaim('K7QP-29FX', NOW);
    expect(pendingClaim(NOW - 1_000)).toBe('K7QP-29FX');
    expect(pendingClaim(NOW - HOUR_MS)).toBeNull();
  });

  it('is not taken from half a text, nor kept where it is longer than any code', () => {
    localStorage.setItem('wayside-claim', '{"code":"K7Q');
    expect(pendingClaim(NOW)).toBeNull();
    keepClaim('', NOW);
    keepClaim('x'.repeat(65), NOW);
    expect(pendingClaim(NOW)).toBeNull();
  });

  it('goes into a sign-in link only where it looks like a code', () => {
    for (const [code, sent] of [
      ['K7QP-29FX', 'K7QP-29FX'],
      ['k7qp29fx', 'k7qp29fx'],
      ['K7QP-29FX#', null],
      ['K7QP 29FX', null],
      ['//evil.example', null],
    ] as const) {
      keepClaim(code, NOW);
      expect([code, pendingClaim(NOW), claimForLink(NOW)]).toEqual([code, code, sent]);
    }
  });

  it('is no trouble where the browser keeps nothing', () => {
    localStorage.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    keepClaim('K7QP-29FX', NOW);
    expect(pendingClaim(NOW)).toBeNull();
  });
});
