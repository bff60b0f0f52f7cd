import { expect, it } from 'vitest';
import { CommandMarks, type Marks } from '../../../gateway/downlink/command-marks.ts';

it('notes what comes while it notes what came before', async () => {
  const saved: Marks[] = [];
  const marks = new CommandMarks(async (batch) => {
    saved.push(batch);
    if (saved.length === 1) {
      marks.sent('second');
      marks.delivered('second');
    }
    await Promise.resolve();
  });
  marks.sent('first');
  marks.delivered('first');
  expect(marks.isDelivered('first')).toBe(true);
  await marks.settled();
  expect(saved).toEqual([
    { sent: ['first'], delivered: ['first'] },
    { sent: ['second'], delivered: ['second'] },
  ]);
  expect(marks.isDelivered('first')).toBe(false);
  expect(marks.isDelivered('second')).toBe(false);
});
