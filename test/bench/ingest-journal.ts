import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBroker } from '../../broker/broker.ts';
import { hashToken } from '../../broker/credentials.ts';
import { createSqliteJournal } from '../../gateway/journal/sqlite-journal.ts';

/** Wayside's broker and journal alone: what the rest of the gateway costs is the difference to this. */
const directory = mkdtempSync(join(tmpdir(), 'wayside-bench-'));
const journal = createSqliteJournal({ file: join(directory, 'journal.db') });
await journal.start();
const hash = hashToken(process.argv[2] ?? '');
const log = (fields: object, message: string): void => console.error(message, fields);
const broker = createBroker({
  host: '127.0.0.1',
  port: 0,
  log: { info: log, warn: log, error: log } as Parameters<typeof createBroker>[0]['log'],
  now: Date.now,
  realNow: Date.now,
  findUser: async (id) => ({ principal: { kind: 'device', id }, tokenHashes: [hash] }),
  accept: (message) => journal.append(message),
});
const { mqttPort } = await broker.start();
console.log(JSON.stringify({ port: mqttPort }));
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, async () => {
    await broker.stop();
    await journal.stop();
    rmSync(directory, { recursive: true });
  });
