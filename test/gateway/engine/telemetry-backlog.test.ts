import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createTelemetryBacklog } from '../../../gateway/engine/telemetry-backlog.ts';
import { createSqliteJournal } from '../../../gateway/journal/sqlite-journal.ts';
import { createSqliteJournalReader } from '../../../gateway/journal/sqlite-journal-reader.ts';

it('tells how much the store does not have, and since when, in real time', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'wayside-backlog-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, 'journal.db');
  const journal = createSqliteJournal({ file });
  await journal.start();
  onTestFinished(() => journal.stop());
  for (const receivedAt of [1_000, 2_000, 3_000]) {
    await journal.append({
      receivedAt,
      topic: 'devices/van/telemetry',
      userId: 'van',
      clientId: 'van',
      packetId: 1,
      qos: 1,
      dup: false,
      payload: new Uint8Array(100),
      truncatedFrom: 0,
      span: 1,
    });
  }
  const reader = createSqliteJournalReader({ file });
  await reader.start();
  onTestFinished(() => reader.stop());
  let realNow = 0;
  const backlogOf = createTelemetryBacklog(
    reader,
    { timeScale: 10, now: () => 12_000 },
    () => (realNow += 2_000),
  );
  const all = await backlogOf(0, 3);
  expect(all.lagMs).toBe(1_100);
  expect(all.bytes).toBeGreaterThan(300);
  const last = await backlogOf(2, 3);
  expect(last.lagMs).toBe(900);
  expect(last.bytes).toBeLessThan(all.bytes);
  expect(await backlogOf(3, 3)).toEqual({ bytes: 0, lagMs: 0 });
  // Numbers that were set aside for readings that were not there.
  expect(await backlogOf(3, 1_000)).toEqual({ bytes: 0, lagMs: 0 });
});
