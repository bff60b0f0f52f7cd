import { Buffer } from 'node:buffer';
import { expect, it } from 'vitest';
import { type Sender, Senders } from '../../../gateway/journal/senders.ts';

it('the texts of a sender are made once, also where tens of thousands send in turn', () => {
  const senders = new Senders();
  const round = (): Sender[] =>
    Array.from({ length: 25_000 }, (_, n) => {
      const user = `car${n}`;
      const bytes = Buffer.from(`${user}${user}devices/${user}/telemetry`);
      return senders.at(bytes, 0, user.length, user.length, bytes.length);
    });
  const first = round();
  const again = round();
  expect(again[7]).toEqual(expect.objectContaining({ userId: 'car7', topic: 'devices/car7/telemetry' }));
  expect(again.every((sender, n) => sender === first[n])).toBe(true);
});
