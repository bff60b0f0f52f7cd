import { expect, it } from 'vitest';
import type { DeviceLink, LinkMessage, LinkOutcome } from '../../../broker/device-link.ts';
import { nativeForm } from '../../../gateway/downlink/command-form.ts';
import { LinkQueue } from '../../../gateway/downlink/link-queue.ts';
import type { Command } from '../../../gateway/records/commands.ts';

const command = (seq: number, state: Command['state'] = 'queued'): Command => ({
  id: `c${seq}`,
  device: 'a',
  name: 'x',
  args: {},
  state,
  createdAt: 0,
  expiresAt: 1,
});

/** A connection whose acknowledgements the test gives, and a table of commands that wait. */
function world() {
  const table: { seq: number; command: Command }[] = [];
  const sent: LinkMessage[] = [];
  const open: ((outcome: LinkOutcome) => void)[] = [];
  const delivered: string[] = [];
  const state = { drained: 0, looks: 0 };
  const link: DeviceLink = {
    principal: { kind: 'device', id: 'a' },
    clientId: 'c',
    subscriptions: () => new Map(),
    lastHeardAt: () => 0,
    send(message) {
      sent.push(message);
      return new Promise((resolve) => open.push(resolve));
    },
  };
  const queue = new LinkQueue(
    link,
    { form: nativeForm, qos: 1 },
    {
      async waiting(_device, after, limit) {
        state.looks += 1;
        return table.filter(({ seq }) => seq > after).slice(0, limit);
      },
      sent: () => undefined,
      delivered: ({ id }) => {
        delivered.push(id);
      },
      drained: () => {
        state.drained += 1;
      },
      failed: (error) => {
        throw error;
      },
    },
  );
  return { table, sent, open, delivered, state, queue };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const ids = (messages: readonly LinkMessage[]) =>
  messages.map(({ payload }) => JSON.parse(String(payload)).id);

it('keeps the order and has eight under way', async () => {
  const { table, sent, open, delivered, state, queue } = world();
  for (let seq = 1; seq <= 20; seq += 1) table.push({ seq, command: command(seq) });
  queue.pump();
  await turn();
  expect(sent).toHaveLength(8);
  while (open.length > 0) {
    expect(open.length).toBeLessThanOrEqual(8);
    open.shift()?.('acknowledged');
    await turn();
  }
  const all = table.map(({ command: { id } }) => id);
  expect(ids(sent)).toEqual(all);
  expect(delivered).toEqual(all);
  expect(state.drained).toBe(1);
});

it('a command given while the window is full is sent when there is room', async () => {
  const { table, sent, open, queue } = world();
  for (let seq = 1; seq <= 8; seq += 1) table.push({ seq, command: command(seq) });
  queue.pump();
  await turn();
  table.push({ seq: 9, command: command(9, 'sent') });
  queue.pump();
  await turn();
  expect(sent).toHaveLength(8);
  open.shift()?.('acknowledged');
  await turn();
  expect(ids(sent).at(-1)).toBe('c9');
  expect(sent.at(-1)?.dup, 'it was sent before').toBe(true);
});

it('looks nothing up for acknowledgements alone, and once for each new command', async () => {
  const { table, open, sent, state, queue } = world();
  for (let seq = 1; seq <= 3; seq += 1) {
    table.push({ seq, command: command(seq) });
    queue.pump();
    await turn();
    open.shift()?.('acknowledged');
    await turn();
  }
  expect(sent).toHaveLength(3);
  expect(state.looks).toBe(3);
});

it('sends nothing over a connection that has ended', async () => {
  const { table, sent, open, delivered, queue } = world();
  table.push({ seq: 1, command: command(1) });
  queue.pump();
  await turn();
  queue.close();
  open.shift()?.('lost');
  table.push({ seq: 2, command: command(2) });
  queue.pump();
  await turn();
  expect(sent).toHaveLength(1);
  expect(delivered).toEqual([]);
});
