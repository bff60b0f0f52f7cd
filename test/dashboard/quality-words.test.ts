import { describe, expect, it } from 'vitest';
import { asHex, asText, bytesOf } from '../../dashboard/look/payload-dump.ts';
import { CODE_LABELS, issuesInWords, spanInWords } from '../../dashboard/look/quality-words.ts';
import { QUARANTINE_CODES } from '../../rules/readings/reading.ts';

const MINUTE_MS = 60_000;

describe('words for quality', () => {
  it('name every quarantine code, each in its own', () => {
    expect(Object.keys(CODE_LABELS).sort()).toEqual([...QUARANTINE_CODES].sort());
    expect(new Set(Object.values(CODE_LABELS)).size).toBe(QUARANTINE_CODES.length);
  });

  it.each([
    [6 * MINUTE_MS, '6 min'],
    [120 * MINUTE_MS, '2 h'],
    [36 * 60 * MINUTE_MS, '1.5 d'],
  ])('%d ms is %s', (ms, words) => expect(spanInWords(ms)).toBe(words));

  it.each([
    [0, 100, 'none'],
    [25, 1_000, '2.5 % of readings'],
    [1, 10_000, 'under 0.1 % of readings'],
    [30, 10, '30 in 10 readings'],
    [3, 0, '3, and no reading'],
  ])('%d issues in %d readings are "%s"', (issues, readings, words) =>
    expect(issuesInWords(issues, readings)).toBe(words),
  );
});

describe('a payload', () => {
  it('is shown as bytes with their places', () => {
    expect(asHex(bytesOf(btoa('{"a":1}\n\u00ff0123456789')))).toBe(
      [
        '000000  7b 22 61 22 3a 31 7d 0a ff 30 31 32 33 34 35 36  {"a":1}..0123456',
        '000010  37 38 39                                         789',
      ].join('\n'),
    );
    expect(asHex(new Uint8Array())).toBe('');
  });

  it('is shown as text in which nothing hides: no control characters, no turned direction, no broken UTF-8', () => {
    const text = new TextEncoder().encode('a\u0000b\u001b[2J\u202egnp\u2066x\ty\nz');
    expect(asText(text)).toBe('a␀b␛[2J�gnp�x\ty\nz');
    expect(asText(Uint8Array.of(0x61, 0xff))).toBe('a�');
  });
});
