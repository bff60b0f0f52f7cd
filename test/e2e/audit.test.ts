import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GatewayProcess, startGateway } from '../support/gateway.ts';

const MAIN = new URL('../../gateway/cli/audit/main.ts', import.meta.url).pathname;

let gateway: GatewayProcess;
let folder: string;
beforeAll(async () => {
  gateway = await startGateway();
  folder = await mkdtemp(join(tmpdir(), 'wayside-audit-'));
  for (const id of ['anna', 'ben']) await gateway.api('POST', '/api/v1/consumers', { id });
  await gateway.api('PUT', '/api/v1/consumers/anna/consents/location_offers', {
    granted: true,
    source: 'form 3',
  });
  await gateway.api('GET', '/api/v1/consumers/anna');
});
afterAll(async () => {
  await gateway.stop();
  await rm(folder, { recursive: true, force: true });
});

async function audit(
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env: { ...process.env, INIT_CWD: folder, WAYSIDE_DATA_DIR: gateway.dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  for (const name of ['out', 'err'] as const)
    child[`std${name}`].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...said };
}

/** A copy of the records to tamper with. */
async function tampered(name: string, sql: string): Promise<string> {
  const dir = join(folder, name);
  await mkdir(dir);
  const source = new DatabaseSync(join(gateway.dataDir, 'wayside.db'), { readOnly: true });
  source.exec(`vacuum into '${join(dir, 'wayside.db')}'`);
  source.close();
  const copy = new DatabaseSync(join(dir, 'wayside.db'));
  copy.exec(sql);
  copy.close();
  return dir;
}

describe('npm run audit', () => {
  let head: string;

  it('verifies the log while the gateway runs, and gives the head', async () => {
    const verified = await audit('verify');
    expect(verified).toMatchObject({ code: 0, err: '' });
    expect(verified.out).toMatch(/^\d+ entries, all whole\.\n[0-9a-f]{64}\n$/);
    head = (await audit('head')).out.trim();
    expect(verified.out).toContain(head);
    const asJson = JSON.parse((await audit('head', '--json')).out);
    expect(asJson).toMatchObject({ hash: head, id: expect.any(Number), at: expect.any(Number) });
  });

  it('finds an earlier head again, also after entries were added, and tells as JSON', async () => {
    await gateway.api('POST', '/api/v1/consumers', { id: 'carl' });
    const { code, out } = await audit('verify', '--expect', head, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ whole: true, broken: null, entries: expect.any(Number) });
  });

  it('is whole after a person was erased', async () => {
    expect((await gateway.api('DELETE', '/api/v1/consumers/ben')).status).toBe(200);
    expect((await audit('verify', '--expect', head)).code).toBe(0);
    const { body } = await gateway.api('GET', '/api/v1/audit?action=consumer.created');
    expect(body.items.map(({ subject }: { subject: string }) => subject)).toEqual(['carl', 'erased', 'anna']);
  });

  it.each([
    ['changed', "update audit set actor = 'mallory' where id = 2", 'BROKEN at entry 2, changed'],
    ['removed', 'delete from audit where id = 2', 'BROKEN at entry 3, removed: entry 2 is missing'],
    ['renamed', "update audit_names set name = 'dora' where name = 'anna'", 'BROKEN, renamed'],
  ])('exits with 1 where an entry was %s, and names it', async (name, sql, line) => {
    const dir = await tampered(name, sql);
    const { code, out } = await audit('verify', '--data-dir', dir);
    expect(code).toBe(1);
    expect(out).toContain(line);
    const asJson = JSON.parse((await audit('verify', '--data-dir', dir, '--json')).out);
    expect(asJson).toMatchObject({ whole: false, broken: { kind: name } });
  });

  it('tells by an earlier head that the end was cut off', async () => {
    const { out: last } = await audit('head');
    const dir = await tampered('cut', 'delete from audit where id > 3');
    expect((await audit('verify', '--data-dir', dir)).code).toBe(0);
    const { code, out } = await audit('verify', '--data-dir', dir, '--expect', last.trim());
    expect([code, out]).toEqual([1, expect.stringContaining('BROKEN, cut')]);
  });

  it('reads a log from a folder that cannot be written', async () => {
    const dir = await tampered('read-only', 'pragma journal_mode = wal');
    await chmod(join(dir, 'wayside.db'), 0o400);
    await chmod(dir, 0o500);
    expect(await audit('verify', '--data-dir', dir)).toMatchObject({ code: 0, err: '' });
    await chmod(dir, 0o700);
  });

  it('exits with 2 where there is nothing to verify, and says what', async () => {
    expect(await audit('verify', '--data-dir', 'nowhere')).toMatchObject({
      code: 2,
      err: expect.stringContaining("there is no gateway's data in"),
    });
    await mkdir(join(folder, 'odd'));
    await copyFile(MAIN, join(folder, 'odd', 'wayside.db'));
    expect(await audit('verify', '--data-dir', 'odd')).toMatchObject({ code: 2 });
    expect((await audit('verify', '--expect', 'abc')).code).toBe(2);
    expect((await audit('dance')).code).toBe(2);
    const help = await audit('--help');
    expect([help.code, help.out]).toEqual([0, expect.stringContaining('verify')]);
  });

  it('verifies after the gateway has stopped, and after it was killed', async () => {
    await gateway.api('POST', '/api/v1/consumers', { id: 'dora' });
    await gateway.kill('SIGKILL');
    expect(await audit('verify', '--expect', head)).toMatchObject({ code: 0 });
    const again = await startGateway({ dataDir: gateway.dataDir });
    await again.kill('SIGTERM');
    expect(await audit('verify', '--expect', head)).toMatchObject({ code: 0 });
  });

  it('is told in the API, too', async () => {
    const again = await startGateway({ dataDir: gateway.dataDir });
    try {
      const { body } = await again.api('GET', '/api/v1/audit/verification');
      expect(body).toMatchObject({ state: 'whole', broken: null, progress: null });
      const newest = await again.api('GET', '/api/v1/audit?limit=1');
      expect(body.head).toMatchObject({ hash: newest.body.items[0].hash });
    } finally {
      await again.kill('SIGTERM');
    }
  });
});
