import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';

const MAIN = new URL('../../devices-sim/main.ts', import.meta.url).pathname;
const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

function simulate(...options: readonly string[]): { child: ChildProcess; lines: string[] } {
  const child = spawn(process.execPath, [MAIN, 'push-service', ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  return { child, lines };
}

test('push-service --json tells what happens, one object a line, until it is told to end', async () => {
  const { child, lines } = simulate('--port', '0', '--json');
  await expect.poll(() => lines.length).toBe(1);
  const listening = JSON.parse(lines[0] ?? '');
  expect(listening).toEqual({ kind: 'listening', port: expect.any(Number) });
  const endpoint = `http://127.0.0.1:${listening.port}/wpush/v2/${'x'.repeat(43)}`;
  expect((await fetch(endpoint, { method: 'POST', headers: { ttl: '1' } })).status).toBe(404);
  await expect
    .poll(() => lines.slice(1).map((line) => JSON.parse(line)))
    .toEqual([{ kind: 'refused', status: 404, reason: 'no such subscription' }]);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('push-service without --json says how to use it', async () => {
  const { lines } = simulate('--port', '0');
  await expect.poll(() => lines.join('\n')).toContain('dom.push.serverURL=ws://127.0.0.1:');
  expect(lines.join('\n')).toContain('WAYSIDE_PUSH_HOSTS=http://127.0.0.1:');
});

test.each(['eighty', '65536', '-1', '1.5'])('push-service --port %s is refused', async (port) => {
  const { child, lines } = simulate(`--port=${port}`);
  const [code] = await once(child, 'exit');
  expect(code).not.toBe(0);
  await expect.poll(() => lines.join('\n')).toContain('0 to 65535');
});

test('push-service on a taken port says so', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { child, lines } = simulate('--port', String(port));
  const [code] = await once(child, 'exit');
  expect(code).not.toBe(0);
  await expect.poll(() => lines.join('\n')).toContain(`port ${port} is taken`);
  server.close();
});
