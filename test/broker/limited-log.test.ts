import { describe, expect, it } from 'vitest';
import { LimitedLog } from '../../broker/limited-log.ts';

/** A log on a clock that stands still until `later`. */
function limitedLog() {
  let nowMs = 0;
  const lines: object[] = [];
  const log = new LimitedLog(() => nowMs);
  const write = (message: string, fields: object = {}): void =>
    log.write((all, text) => lines.push({ text, ...all }), message, fields);
  const later = (): void => {
    nowMs += 10_000;
  };
  return { write, later, lines };
}

describe('a limited log', () => {
  it('tells an event once in ten seconds, and how many were left out', () => {
    const { write, later, lines } = limitedLog();
    for (let n = 0; n < 5; n += 1) write('closed', { n });
    later();
    write('closed');
    write('closed');
    expect(lines).toEqual([
      { text: 'closed', n: 0 },
      { text: 'closed', omitted: 4 },
    ]);
  });

  it('tells each reason, whatever the others do', () => {
    const { write, lines } = limitedLog();
    for (let n = 0; n < 100; n += 1) {
      write('closed', { reason: 'QoS 3' });
      write('closed', { reason: 'packet id 0' });
      write('shed');
    }
    expect(lines).toEqual([
      { text: 'closed', reason: 'QoS 3' },
      { text: 'closed', reason: 'packet id 0' },
      { text: 'shed' },
    ]);
  });

  it('is not flooded by reasons that are made up', () => {
    const { write, lines } = limitedLog();
    for (let n = 0; n < 100_000; n += 1) write('closed', { reason: `${n}` });
    expect(lines.length).toBeLessThan(250);
    write('shed');
    expect(lines.at(-1)).toEqual({ text: 'shed' });
  });
});
