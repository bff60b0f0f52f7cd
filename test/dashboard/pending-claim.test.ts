import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  dropClaim,
  dropClaimOf,
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

  it('is not taken from half a text', () => {
    localStorage.setItem('wayside-claim', '{"code":"K7Q');
    expect(pendingClaim(NOW)).toBeNull();
  });

  it('is kept only where it looks like one, for what a link brought is shown', () => {
    for (const text of ['', 'K7QP-29FX#', 'K7QP 29FX', '//evil.example', 'Call +39 06 555 to unlock']) {
      keepClaim(text, NOW);
      expect([text, pendingClaim(NOW)]).toEqual([text, null]);
      // As an earlier version kept it.
      localStorage.setItem('wayside-claim', JSON.stringify({ code: text, until: NOW + HOUR_MS }));
      expect([text, pendingClaim(NOW)]).toEqual([text, null]);
    }
    for (const code of ['K7QP-29FX', 'k7qp29fx']) {
      keepClaim(code, NOW);
      expect(pendingClaim(NOW)).toBe(code);
    }
    keepClaim('//evil.example', NOW);
    expect(pendingClaim(NOW)).toBe('k7qp29fx');
  });

  it('is over once the device is linked, however its code was written, and not where another one was', () => {
    keepClaim('K7QP-29FX', NOW);
    dropClaimOf('ABCD-2345', NOW);
    expect(pendingClaim(NOW)).toBe('K7QP-29FX');
    dropClaimOf(' k7qp 29fx', NOW);
    expect(pendingClaim(NOW)).toBeNull();
  });

  it('is no trouble where the browser keeps nothing', () => {
    localStorage.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    keepClaim('K7QP-29FX', NOW);
    expect(pendingClaim(NOW)).toBeNull();
  });
});
