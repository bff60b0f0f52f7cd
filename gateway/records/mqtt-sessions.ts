import type { DurableMap, MapChanges } from '../../broker/persistence/durable-map.ts';
import { emptyLog } from '../empty-log.ts';
import { WaysideError } from '../errors.ts';
import { startWorker } from '../worker-rpc.ts';
import type { RecordsWorker } from './records-worker.ts';

type Row = Readonly<Record<string, unknown>>;

/** Entries read at a time: a session may hold a MiB in few of them. */
const PAGE_ENTRIES = 200;
/** Written anew in about a second; a SUBACK waits meanwhile. */
const REWRITTEN_BYTES = 128 * 1024 * 1024;

export interface MqttSessions {
  readonly map: DurableMap;
  /** Writes the file anew, so that nothing is left of what was deleted; a large one keeps what SQLite moved between pages. */
  rewrite(): Promise<void>;
  /** Closes the file and ends the thread. */
  stop(): Promise<void>;
}

/**
 * MQTT sessions in a file and a thread of their own: a SUBACK waits for no report that reads the records, and for no
 * transaction of the engine.
 *
 * @param onFailure called once, should the thread die
 * @throws WaysideError `data_dir_damaged` or `data_dir_unwritable` where the file can't be opened
 */
export async function openMqttSessions(
  file: string,
  onFailure: (error: Error) => void,
): Promise<MqttSessions> {
  let alive = true;
  const worker = startWorker<RecordsWorker, object>(
    new URL('./records-worker.ts', import.meta.url),
    { file },
    {},
    (error) => {
      alive = false;
      onFailure(error);
    },
  );
  const { call } = worker;
  const opened = await call.open();
  if (opened.kind === 'failed') {
    await worker.terminate();
    throw new WaysideError(opened.code, opened.detail);
  }
  // What was delivered, or belonged to a device that is erased, does not stay in the file.
  await call.execute('pragma secure_delete = on', []);
  await call.execute(
    'create table if not exists entries (key text primary key, value blob not null) without rowid',
    [],
  );

  async function* entries(): AsyncGenerator<readonly [string, Uint8Array]> {
    for (let after = '', more = true; more; ) {
      const { rows } = await call.execute(
        'select key, value from entries where key > ? order by key limit ?',
        [after, PAGE_ENTRIES],
      );
      for (const { key, value } of rows as { key: string; value: Uint8Array }[]) {
        yield [key, value];
        after = key;
      }
      more = rows.length === PAGE_ENTRIES;
    }
  }

  async function write(changes: MapChanges): Promise<void> {
    const put: [string, Uint8Array][] = [];
    const removed: [string][] = [];
    for (const [key, value] of changes) value === null ? removed.push([key]) : put.push([key, value]);
    await call.executeAll([
      { sql: 'delete from entries where key = ?', rows: removed },
      {
        sql: 'insert into entries (key, value) values (?, ?) on conflict (key) do update set value = excluded.value',
        rows: put,
      },
    ]);
  }

  return {
    map: { entries, write },
    async rewrite() {
      const { rows } = await call.execute(
        'select page_count * page_size as bytes from pragma_page_count, pragma_page_size',
        [],
      );
      const [size] = rows as { bytes: number }[];
      if (size !== undefined && size.bytes <= REWRITTEN_BYTES) await call.execute('vacuum', []);
      await emptyLog(file, (work) => work(async (sql) => (await call.execute(sql, [])).rows as Row[]));
    },
    async stop() {
      if (alive) await call.close();
      await worker.terminate();
    },
  };
}
