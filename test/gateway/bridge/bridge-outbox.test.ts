import { describe, expect, it } from 'vitest';
import { BridgeOutbox } from '../../../gateway/bridge/bridge-outbox.ts';
import type { Link, PublishOutcome } from '../../../gateway/bridge/link.ts';

/** A connection that notes what is published, and answers when the test says so. */
function connection(window = 2) {
  const sent: { readonly topic: string; answer(outcome: PublishOutcome): void }[] = [];
  const link: Link = {
    shared: false,
    inFlightBytes: 0,
    window,
    ended: new Promise(() => undefined),
    publish: (topic) =>
      new Promise((resolve) => {
        sent.push({ topic, answer: resolve });
      }),
    close: async () => undefined,
  };
  return { link, sent, topics: () => sent.map(({ topic }) => topic) };
}

const PUBLISHED: PublishOutcome = { kind: 'published' };

describe('what is for devices behind the bridge', () => {
  it('waits for a connection, and goes in order, no more at a time than the broker takes', async () => {
    const outbox = new BridgeOutbox();
    const done = ['a', 'b', 'c'].map((topic) => outbox.publish(topic, 'x', false));
    expect(outbox.waiting).toBe(3);
    const { link, sent, topics } = connection();
    outbox.use(link);
    expect(topics()).toEqual(['a', 'b']);
    sent[0]?.answer(PUBLISHED);
    await done[0];
    await expect.poll(topics).toEqual(['a', 'b', 'c']);
    for (const { answer } of sent) answer(PUBLISHED);
    await Promise.all(done);
    expect([outbox.waiting, outbox.published]).toEqual([0, 3]);
  });

  it('is sent again over the next connection where nobody answered, and counted once', async () => {
    const outbox = new BridgeOutbox();
    const first = connection();
    outbox.use(first.link);
    const done = [outbox.publish('a', 'x', false), outbox.publish('b', 'x', true)];
    first.sent[1]?.answer({ kind: 'unsent' });
    outbox.use(null);
    const second = connection();
    outbox.use(second.link);
    expect(second.topics()).toEqual(['a', 'b']);
    for (const { answer } of [...first.sent, ...second.sent]) answer(PUBLISHED);
    await Promise.all(done);
    expect([outbox.waiting, outbox.published]).toEqual([0, 2]);
  });

  it('is given up where the broker refuses it, or where too much waits', async () => {
    const outbox = new BridgeOutbox();
    const { link, sent } = connection();
    outbox.use(link);
    const refused = outbox.publish('a', 'x', false);
    sent[0]?.answer({ kind: 'refused', message: 'Not authorized' });
    await expect(refused).rejects.toThrow('Not authorized');
    outbox.use(null);
    for (let n = 0; n < 16; n++) void outbox.publish('a', Buffer.alloc(1024 * 1024), false);
    await expect(outbox.publish('a', 'x', false)).rejects.toThrow('too many');
    expect([outbox.waiting, outbox.dropped]).toEqual([16, 2]);
  });
});
