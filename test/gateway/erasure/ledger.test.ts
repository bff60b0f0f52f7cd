import { appendFile, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Erased, openLedger } from '../../../gateway/erasure/ledger.ts';
import { replayErasures } from '../../../gateway/erasure/replay.ts';
import { migrate } from '../../../gateway/records/migrate.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import { cpuMs } from '../../support/cpu-time.ts';

const ANN: Erased = { kind: 'consumer', id: 'ann', createdAt: 1 };

async function directory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'wayside-ledger-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function ledgerIn(dir: string) {
  const ledger = await openLedger(dir);
  let isOpen = true;
  const close = async () => {
    if (isOpen) await ledger.close();
    isOpen = false;
  };
  onTestFinished(close);
  return { ...ledger, close };
}

async function setsOf(ledger: { digests(): AsyncIterable<ReadonlySet<string>> }): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const digests of ledger.digests()) all.push(...digests);
  return all;
}

describe('the ledger of erasures', () => {
  it('names nobody, is its owner’s alone, and knows the same person again', async () => {
    const dir = await directory();
    const ledger = await ledgerIn(dir);
    expect(await ledger.last()).toBeNull();
    const last = await ledger.append([{ kind: 'device', key: 'the-key' }, ANN], 7);
    expect(last).toBe(ledger.digestOf(ANN));
    await ledger.close();
    const text = await readFile(join(dir, 'erasures.jsonl'), 'utf8');
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { at: 7, kind: 'device', digest: expect.stringMatching(/^[\w-]{43}$/) },
      { at: 7, kind: 'consumer', digest: last },
    ]);
    expect(text).not.toMatch(/ann|the-key/);
    for (const name of ['erasures.jsonl', 'erasure-key'])
      expect((await stat(join(dir, name))).mode & 0o777).toBe(0o600);
    const again = await ledgerIn(dir);
    expect(again.digestOf(ANN)).toBe(last);
    expect(again.digestOf({ ...ANN, createdAt: 2 })).not.toBe(last);
    expect(await again.last()).toBe(last);
    const elsewhere = await ledgerIn(await directory());
    expect(elsewhere.digestOf(ANN)).not.toBe(last);
  });

  it('forgets a line that was cut short, and refuses one that is damaged', async () => {
    const dir = await directory();
    const file = join(dir, 'erasures.jsonl');
    const first = await ledgerIn(dir);
    const last = await first.append([ANN], 7);
    await first.close();
    await appendFile(file, '{"at":8,"kind":"con');
    const second = await ledgerIn(dir);
    expect(await second.last()).toBe(last);
    expect(await setsOf(second)).toEqual([last]);
    await second.append([{ kind: 'device', key: 'other' }], 9);
    await second.close();
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    await writeFile(file, `${lines[0]}\nnonsense\n${lines[1]}\n`);
    await expect(setsOf(await ledgerIn(dir))).rejects.toMatchObject({ code: 'data_dir_damaged' });
  });

  it('notes nothing of an erasure that the disk did not take', async () => {
    const dir = await directory();
    const ledger = await ledgerIn(dir);
    const last = await ledger.append([ANN], 7);
    const handle = await open(join(dir, 'erasures.jsonl'));
    const datasync = vi.spyOn(Object.getPrototypeOf(handle), 'datasync');
    await handle.close();
    onTestFinished(() => datasync.mockRestore());
    datasync.mockRejectedValueOnce(new Error('EIO'));

    const refused = ledger.append(
      [
        { kind: 'device', key: 'car' },
        { ...ANN, id: 'bob' },
      ],
      8,
    );

    await expect(refused).rejects.toThrow('EIO');
    expect(await setsOf(ledger)).toEqual([last]);
    const next = await ledger.append([{ kind: 'device', key: 'van' }], 9);
    expect(await setsOf(ledger)).toEqual([last, next]);
  });

  it('is gone through once, and then no more until it grows', async () => {
    const dir = await directory();
    const db = openRecords(join(dir, 'wayside.db'));
    onTestFinished(() => db.destroy());
    await migrate(db);
    const ids = Array.from({ length: 20_000 }, (_, index) => `person-${String(index).padStart(6, '0')}`);
    for (let start = 0; start < ids.length; start += 2_000) {
      await db
        .insertInto('consumers')
        .values(
          ids.slice(start, start + 2_000).map((id) => ({
            id,
            attributes_json: '{}',
            timezone: null,
            quiet_hours_json: 'null',
            created_at: 1,
            email: null,
            webhook: null,
          })),
        )
        .execute();
    }
    const ledger = await ledgerIn(dir);
    const erased = (id: string): Erased => ({ kind: 'consumer', id, createdAt: 1 });
    await ledger.append([erased('person-000007'), erased('nobody'), { ...ANN, id: 'person-000008' }], 1);
    await ledger.append([{ kind: 'consumer', id: 'person-000009', createdAt: 2 }], 1);
    const began = cpuMs();
    expect(await replayErasures(db, ledger, 5)).toEqual({ consumers: 2, devices: 0 });
    expect(cpuMs() - began).toBeLessThan(10_000);
    const left = await db.selectFrom('consumers').select('id').where('id', '<', 'person-000010').execute();
    expect(left.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5, 6, 9].map((n) => `person-00000${n}`));
    // The same id is somebody else's from now on.
    await db.updateTable('consumers').set({ created_at: 2 }).where('id', '=', 'person-000005').execute();
    expect(await replayErasures(db, ledger, 5)).toEqual({ consumers: 0, devices: 0 });
    await ledger.append([{ kind: 'consumer', id: 'person-000005', createdAt: 2 }], 6);
    expect(await replayErasures(db, ledger, 7)).toEqual({ consumers: 1, devices: 0 });
    const names = await db.selectFrom('audit_names').selectAll().execute();
    expect(names).toEqual([]);
  });
});
