import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createHold } from '../../gateway/backup/hold.ts';
import type { EngineStatus } from '../../gateway/engine/engine-calls.ts';
import type { Journal } from '../../gateway/journal/journal.ts';
import { createSqliteJournal } from '../../gateway/journal/sqlite-journal.ts';
import { createSqliteJournalReader } from '../../gateway/journal/sqlite-journal-reader.ts';
import { alignJournal } from '../../gateway/journal-cursors.ts';
import { trimJournal } from '../../gateway/journal-trim.ts';
import { entryOf } from '../conformance/journal-entry.ts';
import { eventually } from '../support/gateway.ts';

const MAX_BYTES = 16 * 1024 * 1024;

let directory: string;
let file: string;
let journal: Journal;
let lines: string[];
const log = {
  info: (_: unknown, text?: string) => lines.push(text ?? String(_)),
  error: (_: unknown, text: string) => lines.push(text),
} as unknown as Logger;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wayside-trim-'));
  file = join(directory, 'journal.db');
  journal = createSqliteJournal({ file, maxBytes: MAX_BYTES });
  await journal.start();
  lines = [];
});
afterEach(async () => {
  await journal.stop();
  await rm(directory, { recursive: true });
});

const statusAt = (engineSeq: number, telemetrySeq: number) => async () =>
  ({ engineSeq, telemetrySeq }) as EngineStatus;

async function users(): Promise<readonly string[]> {
  const reader = createSqliteJournalReader({ file });
  await reader.start();
  const entries = await reader.read(0, 1000, 1e9);
  await reader.stop();
  return entries.map(({ userId }) => userId);
}

it('lets go of what both engine and telemetry store have, and of nothing else', async () => {
  for (let n = 1; n <= 5; n += 1) await journal.append(entryOf(n));
  const engine = { status: statusAt(4, 2) };
  const stop = trimJournal({ journal, engine, keepMs: 0, now: Date.now, log });
  await eventually('it is trimmed', 20_000, async () => ((await users()).length < 5 ? true : undefined));
  await stop();
  expect(await users()).toEqual(['d3', 'd4', 'd5']);
  expect(lines).toEqual([]);
});

it('forgets nothing that is held by the time the engine has said how far it is', async () => {
  for (let n = 1; n <= 5; n += 1) await journal.append(entryOf(n));
  const hold = createHold();
  let asked = 0;
  const status = async () => {
    asked += 1;
    // A backup begins, whose records may not have come as far as this answer.
    hold.hold();
    return statusAt(5, 5)();
  };
  const stop = trimJournal({ journal, engine: { status }, keepMs: 0, hold, now: Date.now, log });
  await eventually('the engine was asked', 20_000, async () => (asked > 0 ? true : undefined));
  await stop();
  expect(await users()).toHaveLength(5);
});

it('keeps it as long as it is young', async () => {
  for (let n = 1; n <= 5; n += 1) await journal.append(entryOf(n, { receivedAt: n * 60_000 }));
  const engine = { status: statusAt(5, 5) };
  const stop = trimJournal({ journal, engine, keepMs: 120_000, now: () => 5 * 60_000, log });
  await eventually('it is trimmed', 20_000, async () => ((await users()).length < 5 ? true : undefined));
  await stop();
  expect(await users()).toEqual(['d3', 'd4', 'd5']);
});

it('makes room within a second where the store has caught up, and tells of both once', async () => {
  let storeIsBack = false;
  let lastSeq = 0;
  journal.onCommitted((seq) => {
    lastSeq = seq;
  });
  const engine = { status: () => (storeIsBack ? statusAt(lastSeq, lastSeq) : statusAt(lastSeq, 0))() };
  const stop = trimJournal({ journal, engine, keepMs: 0, now: Date.now, log });
  const appends = Array.from({ length: 120 }, (_, n) =>
    journal.append(entryOf(n + 1, { payload: Buffer.alloc(200_000, n) })),
  );
  await eventually('it is at its bound', 20_000, async () => (lines.length === 1 ? true : undefined));
  expect(await users()).toEqual(Array.from({ length: lastSeq }, (_, n) => `d${n + 1}`));
  storeIsBack = true;
  await Promise.all(appends);
  await eventually('it says that it goes on', 20_000, async () => (lines.length === 2 ? true : undefined));
  await stop();
  expect(lines).toEqual([
    'the journal takes nothing; messages are not acknowledged until it does',
    'the journal takes messages again',
  ]);
});

it('goes on above the highest cursor, also of a store that is not in use now, and says what was damaged', async () => {
  const cursors = [
    { name: 'engine', seq: 10, isCurrent: true },
    { name: 'telemetry:influxdb', seq: 500, isCurrent: false },
  ];
  await alignJournal(journal, { lastSeq: 3, trimmedSeq: 0, damage: 'torn' }, cursors, log);
  await journal.append(entryOf(1));
  const reader = createSqliteJournalReader({ file });
  await reader.start();
  expect(await reader.read(0, 10, 1e6)).toMatchObject([{ seq: 501 }]);
  await reader.stop();
  expect(lines).toEqual([
    'the journal was damaged; what could be read of it is kept',
    expect.stringMatching(/^the journal ends before what its readers have taken/),
  ]);
});
