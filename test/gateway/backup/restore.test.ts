import {
  appendFile,
  chmod,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { makeBackup } from '../../../gateway/backup/make-backup.ts';
import { readManifest, writeManifest } from '../../../gateway/backup/manifest.ts';
import { moveBackup } from '../../../gateway/backup/move-backup.ts';
import { type Restore, restoreBackup } from '../../../gateway/backup/restore.ts';
import { finishRestoring } from '../../../gateway/backup/restore-files.ts';
import { readRestoredNote } from '../../../gateway/backup/restored-note.ts';
import { takeDataDir } from '../../../gateway/data-dir.ts';
import { MIGRATION_NAMES } from '../../../gateway/records/migrate.ts';
import { createDuckDbStore } from '../../../gateway/telemetry/duckdb-store.ts';
import { backUp, NOW, stoppedDataDir, temporaryFolder } from './stopped-world.ts';

const FILES = ['journal.db', 'manifest.json', 'sessions.db', 'some-key', 'telemetry.duckdb', 'wayside.db'];

async function backedUp(): Promise<{
  readonly folder: string;
  readonly dir: string;
  readonly backup: string;
}> {
  const folder = await temporaryFolder();
  const dir = await stoppedDataDir(folder);
  const backup = join(folder, 'backup');
  await backUp(dir, backup);
  return { folder, dir, backup };
}

const restoring = (backup: string, dataDir: string, more: Partial<Restore> = {}) =>
  restoreBackup({
    backup,
    dataDir,
    replace: false,
    erasuresFrom: null,
    knownMigrations: MIGRATION_NAMES,
    now: NOW,
    ...more,
  });

/** Names and contents of a folder. */
async function contents(dir: string): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(dir)).filter((name) => !name.startsWith('lock.db')).toSorted();
  const texts = await Promise.all(
    names.map(async (name) => (await readFile(join(dir, name))).toString('base64')),
  );
  return Object.fromEntries(names.map((name, index) => [name, texts[index] ?? '']));
}

describe('a backup of a stopped gateway', () => {
  it('has every file that counts, for its owner alone, and changes nothing', async () => {
    const folder = await temporaryFolder();
    const dir = await stoppedDataDir(folder);
    const before = (await readdir(dir)).toSorted();
    const backup = join(folder, 'deeper', 'backup');
    await backUp(dir, backup);
    expect((await readdir(backup)).toSorted()).toEqual(FILES);
    for (const name of FILES) expect((await stat(join(backup, name))).mode & 0o777, name).toBe(0o600);
    expect((await stat(backup)).mode & 0o777).toBe(0o700);
    expect((await readdir(dir)).toSorted()).toEqual(before);
    await expect(backUp(dir, backup)).rejects.toMatchObject({ code: 'backup_exists' });
    expect(await readdir(join(folder, 'deeper'))).toEqual(['backup']);
  });

  it('is restored as it was, into a directory that need not exist', async () => {
    const { folder, backup } = await backedUp();
    const dataDir = join(folder, 'new', 'data');
    const { manifest } = await restoring(backup, dataDir);
    expect(manifest).toMatchObject({ createdAt: NOW, telemetry: 'duckdb', migrations: MIGRATION_NAMES });
    const restored = await contents(dataDir);
    const { 'manifest.json': _, ...wanted } = await contents(backup);
    expect(restored).toMatchObject(wanted);
    expect(Object.keys(restored).filter((name) => !(name in wanted))).toEqual(['restored.json']);
    const store = createDuckDbStore({ file: join(dataDir, 'telemetry.duckdb') });
    await store.start();
    expect(await store.storedSeq()).toBe(1);
    expect((await store.read({ deviceKey: 'key', limit: 10 })).points).toEqual([
      { at: NOW, metrics: { n: 1 }, flags: [] },
    ]);
    await store.stop();
  });

  it.each(['sessions.db', 'journal.db'])(
    'goes without %s where an earlier version made none',
    async (name) => {
      const folder = await temporaryFolder();
      const dir = await stoppedDataDir(folder);
      await rm(join(dir, name));
      const backup = join(folder, 'backup');
      await backUp(dir, backup);
      expect((await readdir(backup)).toSorted()).toEqual(FILES.filter((file) => file !== name));
      await restoring(backup, join(folder, 'new'));
    },
  );

  it('leaves nothing half done where a part of it fails', async () => {
    const folder = await temporaryFolder();
    const dir = await stoppedDataDir(folder);
    const { files, release } = await takeDataDir(dir);
    let held = 0;
    const failing = makeBackup(
      {
        files,
        telemetry: 'duckdb',
        migrations: MIGRATION_NAMES,
        copySqlite: async (_, copy) => writeFile(copy, 'copy'),
        copyTelemetry: async () => {
          throw new Error('the store is away');
        },
        holdJournal() {
          held += 1;
          return () => {
            held = 0;
          };
        },
        now: () => NOW,
      },
      join(folder, 'backup'),
    );
    await expect(failing).rejects.toThrow('the store is away');
    expect(held).toBe(0);
    expect(await readdir(folder)).toEqual([basename(dir)]);
    release();
  });

  it.each(['/dev/null/backup', '/proc/backups/backup'])('says that it can not be at %s', async (target) => {
    const dir = await stoppedDataDir(await temporaryFolder());
    await expect(backUp(dir, target)).rejects.toMatchObject({ code: 'path_unusable' });
  });

  it('goes to another disk as it is', async () => {
    const { folder, backup } = await backedUp();
    const elsewhere = '/dev/shm';
    const [here, there] = [await stat(folder), await stat(elsewhere)];
    const target = join(here.dev === there.dev ? folder : elsewhere, `wayside-moved-${process.pid}`);
    const before = await contents(backup);
    try {
      await moveBackup(backup, target, await readManifest(backup, MIGRATION_NAMES));
      expect(await contents(target)).toEqual(before);
      for (const name of FILES) expect((await stat(join(target, name))).mode & 0o777, name).toBe(0o600);
      await expect(stat(backup)).rejects.toThrow('ENOENT');
    } finally {
      await rm(target, { recursive: true, force: true });
    }
  });
});

describe('a restore', () => {
  const flip = async (file: string) => {
    const bytes = await readFile(file);
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    await writeFile(file, bytes);
  };
  /** As it would be written with one more file, which is there. */
  const addToManifest = async (backup: string, name: string): Promise<void> => {
    const { digest: _, ...manifest } = JSON.parse(await readFile(join(backup, 'manifest.json'), 'utf8'));
    await rm(join(backup, 'manifest.json'));
    const [file] = manifest.files;
    if (!name.includes('/')) await copyFile(join(backup, file.name), join(backup, name));
    manifest.files.push({ ...file, name });
    await writeManifest(backup, manifest);
  };
  const damages: readonly (readonly [string, (backup: string) => Promise<void>])[] = [
    ...FILES.map(
      (name) => [`a flipped byte in ${name}`, (backup: string) => flip(join(backup, name))] as const,
    ),
    ['a missing file', (backup) => rm(join(backup, 'some-key'))],
    ['a file that is cut short', (backup) => truncate(join(backup, 'wayside.db'), 4096)],
    ['a file that has grown', (backup) => appendFile(join(backup, 'journal.db'), 'x')],
    [
      'a link in the place of a file',
      async (backup) => {
        await rm(join(backup, 'some-key'));
        await symlink('/etc/hostname', join(backup, 'some-key'));
      },
    ],
    ['no manifest', (backup) => rm(join(backup, 'manifest.json'))],
    ['a manifest that is no JSON', (backup) => writeFile(join(backup, 'manifest.json'), 'nothing')],
    // Elsewhere, onto a mark of the restore itself, or in the place of what stays.
    ...['../outside', '/outside', '.ready', 'lock.db', 'backups', 'restoring'].map(
      (name) => [`a manifest with ${name}`, (backup: string) => addToManifest(backup, name)] as const,
    ),
  ];

  it.each(damages)('refuses %s, and changes nothing', async (_, damage) => {
    const { dir, backup } = await backedUp();
    await damage(backup);
    const before = await contents(dir);
    await expect(restoring(backup, dir, { replace: true })).rejects.toMatchObject({ code: 'backup_damaged' });
    expect(await contents(dir)).toEqual(before);
  });

  it.each(['format', 'migration'])('refuses a backup of a newer version, by its %s', async (by) => {
    const { dir, backup } = await backedUp();
    const { digest: _, ...manifest } = JSON.parse(await readFile(join(backup, 'manifest.json'), 'utf8'));
    await rm(join(backup, 'manifest.json'));
    await writeManifest(
      backup,
      by === 'format'
        ? { ...manifest, format: 2 }
        : { ...manifest, migrations: [...manifest.migrations, '999-later'] },
    );
    await expect(restoring(backup, dir, { replace: true })).rejects.toMatchObject({ code: 'backup_newer' });
  });

  it('overwrites only what it is told to, and takes the rest of the old with it', async () => {
    const { dir, backup } = await backedUp();
    await expect(restoring(backup, dir)).rejects.toMatchObject({ code: 'data_dir_not_empty' });
    await writeFile(join(dir, 'wayside.db-wal'), 'of other records');
    await writeFile(join(dir, 'telemetry.duckdb.wal'), 'of other telemetry');
    await mkdir(join(dir, 'backups'));
    await restoring(backup, dir, { replace: true });
    const names = (await readdir(dir)).filter((name) => !name.startsWith('lock.db'));
    expect(names.toSorted()).toEqual(
      ['backups', 'restored.json', ...FILES].filter((name) => name !== 'manifest.json').toSorted(),
    );
  });

  it('deletes nothing where there is nothing of a gateway', async () => {
    const { folder, backup } = await backedUp();
    const home = join(folder, 'home');
    await mkdir(home);
    await writeFile(join(home, 'letters'), 'dear');
    await expect(restoring(backup, home, { replace: true })).rejects.toMatchObject({ code: 'path_unusable' });
    expect(Object.keys(await contents(home))).toEqual(['letters']);
  });

  it('refuses a directory that a gateway uses', async () => {
    const { dir, backup } = await backedUp();
    const { release } = await takeDataDir(dir);
    await expect(restoring(backup, dir, { replace: true })).rejects.toMatchObject({
      code: 'data_dir_in_use',
    });
    release();
  });

  it('keeps the erasures that were made since, and refuses those of another gateway', async () => {
    const { folder, dir, backup } = await backedUp();
    const line = (digest: string) => `{"at":1,"kind":"device","digest":"${digest}"}\n`;
    await writeFile(join(dir, 'erasure-key'), 'key-of-this-one\n');
    await writeFile(join(dir, 'erasures.jsonl'), line('first'));
    await rm(backup, { recursive: true });
    await backUp(dir, backup);
    // The last one was cut short by a crash, and promised to nobody.
    await appendFile(join(dir, 'erasures.jsonl'), `${line('second')}{"at":1,"ki`);

    const other = join(folder, 'other');
    await mkdir(other);
    await writeFile(join(other, 'wayside.db'), '');
    await writeFile(join(other, 'erasure-key'), 'key-of-another\n');
    const elsewhere = { replace: true, erasuresFrom: dir };
    // Nobody was erased there: what it has is no ledger of anybody.
    await restoring(backup, other, elsewhere);
    expect(await readFile(join(other, 'erasures.jsonl'), 'utf8')).toBe(line('first') + line('second'));
    expect(await readFile(join(other, 'erasure-key'), 'utf8')).toBe('key-of-this-one\n');

    await writeFile(join(other, 'erasure-key'), 'key-of-another\n');
    const before = await contents(other);
    await expect(restoring(backup, other, elsewhere)).rejects.toMatchObject({ code: 'backup_foreign' });
    expect(await contents(other)).toEqual(before);

    expect(await restoring(backup, dir, { replace: true })).toMatchObject({ erasures: 2, erasuresSince: 1 });
    expect(await readFile(join(dir, 'erasures.jsonl'), 'utf8')).toBe(line('first') + line('second'));
  });

  it('tells where nothing is known of what happened since', async () => {
    const { folder, dir, backup } = await backedUp();
    const unknown = { erasuresSince: null, withdrawn: null };
    const target = join(folder, 'new');
    expect(await restoring(backup, target)).toMatchObject(unknown);
    // Nor does a directory know it that has no ledger, or that of another gateway.
    expect(await restoring(backup, target, { replace: true })).toMatchObject(unknown);
    await writeFile(join(dir, 'erasure-key'), 'key-of-this-one\n');
    await writeFile(join(dir, 'erasures.jsonl'), '');
    await rm(backup, { recursive: true });
    await backUp(dir, backup);
    await writeFile(join(target, 'erasure-key'), 'key-of-another\n');
    expect(await restoring(backup, target, { replace: true })).toMatchObject(unknown);

    const known = { erasuresSince: 0, withdrawn: 0 };
    expect(await restoring(backup, target, { replace: true, erasuresFrom: dir })).toMatchObject(known);
    // Now it knows.
    expect(await restoring(backup, target, { replace: true })).toMatchObject(known);
    const copies = join(folder, 'copies');
    await mkdir(copies);
    await writeFile(join(copies, 'erasure-key'), 'key-of-this-one\n');
    await expect(restoring(backup, join(folder, 'other'), { erasuresFrom: copies })).rejects.toMatchObject({
      code: 'path_unusable',
    });
    await writeFile(join(copies, 'erasures.jsonl'), '{"at":1,"kind":"device","digest":"first"}\n');
    expect(await restoring(backup, join(folder, 'other'), { erasuresFrom: copies })).toMatchObject({
      erasures: 1,
      erasuresSince: 1,
      withdrawn: null,
    });
  });

  it('keeps withdrawn what a restore withdraws that no start has followed', async () => {
    const { dir, backup } = await backedUp();
    const records = new DatabaseSync(join(dir, 'wayside.db'));
    records.exec(`insert into consumers (id, attributes_json, quiet_hours_json, created_at) values ('bob', '{}', '{}', 1);
      insert into consents (consumer_id, purpose, granted, source, at) values ('bob', 'location_offers', 0, 'test', 2)`);
    records.close();
    for (const _ of ['once', 'again']) {
      await restoring(backup, dir, { replace: true });
      expect((await readRestoredNote(dir))?.withdrawn).toEqual([
        { consumer: 'bob', purpose: 'location_offers' },
      ]);
    }
  });

  it('is brought to an end wherever it was cut short once the new files are whole', async () => {
    const { dir, backup } = await backedUp();
    const folder = join(dir, 'restoring');
    const begun = async () => {
      await mkdir(folder);
      for (const name of FILES.filter((file) => file !== 'manifest.json'))
        await writeFile(join(folder, name), await readFile(join(backup, name)));
      await writeFile(join(dir, 'old-key'), 'old');
    };
    // Not ready: it never was.
    await begun();
    expect(await finishRestoring(dir)).toBe(false);
    expect(await readdir(dir)).toEqual(expect.arrayContaining(['old-key', 'some-key']));
    expect(await readdir(dir)).not.toContain('restoring');
    // Ready, and some of the old are deleted.
    await begun();
    await writeFile(join(folder, '.ready'), '');
    await rm(join(dir, 'wayside.db'));
    expect(await finishRestoring(dir)).toBe(true);
    // And once more with some of the new in their place.
    await begun();
    await rm(join(dir, 'old-key'));
    for (const mark of ['.ready', '.cleared']) await writeFile(join(folder, mark), '');
    await rm(join(folder, 'wayside.db'));
    expect(await finishRestoring(dir)).toBe(true);
    const { 'manifest.json': _, ...wanted } = await contents(backup);
    expect(await contents(dir)).toEqual(wanted);
    expect(await finishRestoring(dir)).toBe(false);
  });

  it('can not write where it may not, and says so', async () => {
    const { folder, backup } = await backedUp();
    const locked = join(folder, 'locked');
    await mkdir(locked);
    await chmod(locked, 0o500);
    const isRoot = process.getuid?.() === 0;
    const restored = restoring(backup, join(locked, 'data'));
    if (isRoot) await restored;
    else await expect(restored).rejects.toMatchObject({ code: 'data_dir_unwritable' });
    await chmod(locked, 0o700);
  });
});
