import { afterEach, beforeEach, expect, test } from 'vitest';
import type {
  Channel,
  ChannelOutcome,
  OutgoingOffer,
  Recipient,
} from '../../gateway/delivery/channels/channel.ts';

/** How the other side can fail. */
export type ChannelFault = 'unreachable' | 'busy' | 'gone' | 'refuses' | 'silent';

/** One channel with another side of its own, which is well at first. */
export interface ChannelUnderTest {
  readonly channel: Channel;
  /** Somebody whom it reaches. */
  readonly recipient: Recipient;
  /** Under which name each message came, oldest first; null where there is nobody to tell. */
  readonly names: (() => readonly string[]) | null;
  /** From now on the other side fails so. */
  fail(fault: ChannelFault): Promise<void>;
  stop(): Promise<void>;
}

export interface ChannelKit {
  readonly name: string;
  /** For what is sent to the other side, including its answer. */
  readonly timeoutMs: number;
  open(): Promise<ChannelUnderTest>;
  /** Faults that this other side can't have, and why; they are not tried. */
  readonly without: Partial<Record<ChannelFault, string>>;
}

const NOBODY: Recipient = { browsers: [], webhook: null, email: null, hasApp: false };

function offer(id: string, more: Partial<OutgoingOffer> = {}): OutgoingOffer {
  return {
    id,
    consumer: 'ada',
    offer: { title: 'Coffee', body: 'Half price', expiresAt: 2_000 },
    createdAt: 1_000,
    expiresAtReal: Date.now() + 600_000,
    isStillWanted: () => true,
    ...more,
  };
}

/** What every channel promises to the outbox. */
export function testChannel(kit: ChannelKit): void {
  let open: ChannelUnderTest;
  beforeEach(async () => {
    open = await kit.open();
  });
  afterEach(() => open.stop());

  const send = (one: OutgoingOffer) => open.channel.send(one, open.recipient);
  const withFault = (fault: ChannelFault, what: string, body: () => Promise<void>) => {
    if (kit.without[fault] !== undefined) return;
    test(what, async () => {
      await open.fail(fault);
      await body();
    });
  };

  test('knows whom it reaches', () => {
    expect(open.channel.reaches(open.recipient)).toBe(true);
    expect(open.channel.reaches(NOBODY)).toBe(false);
  });

  test('brings an offer, and brings it under the same name again', async () => {
    for (const id of ['d-1', 'd-1', 'd-2']) expect(await send(offer(id))).toMatchObject({ kind: 'sent' });
    if (open.names === null) return;
    const [first, again, other, ...rest] = open.names();
    expect(first).toBe(again);
    expect(other).not.toBe(first);
    expect(rest).toEqual([]);
  });

  test('brings whatever an offer says', async () => {
    const texts = [
      '<script>alert(1)</script>',
      'a\r\nBcc: eve@example.org\r\n\r\nx',
      '👩‍👩‍👧 "quoted" \\ ü\u2028',
      '.',
    ];
    for (const [index, text] of texts.entries()) {
      const rendered = { title: text, body: text.repeat(20), code: text, expiresAt: 2_000 };
      expect(await send(offer(`d-${index}`, { offer: rendered }))).toMatchObject({ kind: 'sent' });
    }
  });

  test('brings nothing that is not wanted any more', async () => {
    expect(await send(offer('d-1', { isStillWanted: () => false }))).toEqual({ kind: 'unwanted' });
    expect(open.names?.() ?? []).toEqual([]);
  });

  withFault(
    'unreachable',
    'tries again where nobody answers, and leaves them alone for a while',
    async () => {
      const outcomes: ChannelOutcome[] = [];
      for (let count = 0; count < 5; count += 1) outcomes.push(await send(offer(`d-${count}`)));
      expect(outcomes.map(({ kind }) => kind)).toEqual(['retry', 'retry', 'retry', 'held', 'held']);
      for (const outcome of outcomes) if (outcome.kind === 'held') expect(outcome.afterMs).toBeGreaterThan(0);
    },
  );

  withFault('busy', 'tries again where the other side asks for it', async () => {
    expect(await send(offer('d-1'))).toMatchObject({ kind: 'retry' });
  });

  withFault('silent', 'waits for an answer only so long', async () => {
    const began = performance.now();
    expect(await send(offer('d-1'))).toMatchObject({ kind: 'retry' });
    expect(performance.now() - began).toBeLessThan(kit.timeoutMs + 20_000);
  });

  withFault('gone', 'says where it leads nowhere any more', async () => {
    expect(await send(offer('d-1'))).toMatchObject({ kind: 'gone' });
  });

  withFault('refuses', 'gives up where the other side refuses for good', async () => {
    const outcome = await send(offer('d-1'));
    expect(outcome).toMatchObject({ kind: 'failed' });
    expect(outcome).not.toHaveProperty('afterMs');
  });
}
