import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/gateway.ts';

const DEMO = fileURLToPath(new URL('../../devices-sim/demo.ts', import.meta.url));
/** The README promises offers within a minute of the start. */
const WITHIN_MS = 60_000;

describe('npm run demo', () => {
  let dataDir: string;
  let demo: ChildProcess;
  let output = '';
  let origin = '';
  let mqttPort = 0;
  let cookie = '';

  const printed = (what: string, pattern: RegExp): Promise<string> =>
    eventually(what, WITHIN_MS, async () => {
      if (demo.exitCode !== null) throw new Error(`the demo left with ${demo.exitCode}:\n${output}`);
      return pattern.exec(output)?.[1];
    });
  const get = async (url: string) => {
    const response = await fetch(`${origin}${url}`, { headers: { cookie } });
    expect(response.status, url).toBe(200);
    return (await response.json()) as { items: Record<string, string>[] };
  };

  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'wayside-demo-'));
    demo = spawn(process.execPath, [DEMO], {
      cwd: dataDir,
      env: { ...process.env, WAYSIDE_DATA_DIR: dataDir, WAYSIDE_HTTP_PORT: '0', WAYSIDE_MQTT_PORT: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [demo.stdout, demo.stderr])
      stream?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    origin = await printed('the address of the console', /Console\s+(http:\/\/localhost:\d+)/);
    mqttPort = Number(await printed('the MQTT address', /MQTT\s+mqtt:\/\/127\.0\.0\.1:(\d+)/));
  });

  afterAll(async () => {
    if (demo.exitCode === null && demo.signalCode === null) {
      demo.kill('SIGKILL');
      await once(demo, 'exit');
    }
    await rm(dataDir, { recursive: true, force: true });
  });

  it('lets one sign in with the printed password', async () => {
    const password = await printed('the password', /Sign in\s+admin \/ (\S+)/);
    const response = await fetch(`${origin}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'admin', password }),
    });
    expect(response.status).toBe(204);
    cookie = response.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
    const session = await fetch(`${origin}/api/v1/session`, { headers: { cookie } });
    expect(await session.json()).toMatchObject({ name: 'admin', role: 'admin' });
  });

  it('lets commands in with the printed token', async () => {
    const token = await printed('the token', /export WAYSIDE_ADMIN_TOKEN=(\S+)/);
    const response = await fetch(`${origin}/api/v1/rules/fuel-when-low`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(response.status).toBe(200);
  });

  it('shows devices that move', async () => {
    const abort = new AbortController();
    const response = await fetch(`${origin}/api/v1/live`, { headers: { cookie }, signal: abort.signal });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const places = new Map<string, Set<string>>();
    const moved = () => [...places.values()].filter((seen) => seen.size >= 3).length;
    const started = performance.now();
    let rest = '';
    for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (!line.startsWith('data:')) continue;
        const event = JSON.parse(line.slice('data:'.length)) as {
          kind: string;
          device: string;
          lat: number;
          lon: number;
        };
        if (event.kind !== 'position') continue;
        const seen = places.get(event.device) ?? new Set();
        places.set(event.device, seen.add(`${event.lat} ${event.lon}`));
      }
      if (moved() >= 10 || performance.now() - started > WITHIN_MS) break;
    }
    abort.abort();
    expect(moved()).toBeGreaterThanOrEqual(10);
  });

  it('brings offers to consumers, who look at them and click', async () => {
    const seen = await eventually('five offers shown, one of them clicked', WITHIN_MS, async () => {
      const { items } = await get('/api/v1/deliveries?limit=1000');
      const shown = items.filter(({ state }) => state === 'shown' || state === 'clicked');
      return shown.length >= 5 && shown.some(({ state }) => state === 'clicked') ? shown : undefined;
    });
    expect(new Set(seen.map(({ consumer }) => consumer)).size).toBeGreaterThan(2);
  });

  it('explains why others got nothing', async () => {
    const reasons = await eventually(
      'decisions suppressed for want of consent and for a condition',
      WITHIN_MS,
      async () => {
        const { items } = await get('/api/v1/decisions?limit=1000');
        const found = new Set(items.map(({ reason }) => reason));
        return found.has('no_consent') && found.has('condition_false') ? found : undefined;
      },
    );
    expect(reasons.has('late_reading')).toBe(false);
    expect(reasons.has('implausible_jump')).toBe(false);
  });

  it('opens the consumer page for "you" once', async () => {
    const code = await printed('the invitation', /\/me#invite=(\S+)/);
    const redeem = () =>
      fetch(`${origin}/api/v1/me/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ code }),
      });
    const first = await redeem();
    expect(first.status).toBe(204);
    const own = first.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
    const me = await fetch(`${origin}/api/v1/me`, { headers: { cookie: own } });
    expect(await me.json()).toMatchObject({ id: 'you', quietHours: null, subscriptions: 1 });
    await eventually('an offer for "you"', WITHIN_MS, async () => {
      const offers = await fetch(`${origin}/api/v1/me/offers`, { headers: { cookie: own } });
      const { items } = (await offers.json()) as { items: unknown[] };
      return items.length > 0 ? true : undefined;
    });
    expect((await redeem()).status).toBe(401);
  });

  it('refuses to start twice in one folder, and says so', async () => {
    const second = spawn(process.execPath, [DEMO], {
      env: { ...process.env, WAYSIDE_DATA_DIR: dataDir, WAYSIDE_HTTP_PORT: '0', WAYSIDE_MQTT_PORT: '0' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaint = '';
    second.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    const [code] = await once(second, 'close');
    expect(code).toBe(1);
    expect(complaint).toContain('Another demo uses');
  });

  it.each([
    { what: 'a port is taken', port: () => String(mqttPort), says: /Port \d+ is taken.*WAYSIDE_MQTT_PORT=/ },
    { what: 'a port is none', port: () => '70000', says: /WAYSIDE_MQTT_PORT is "70000", and must be a port/ },
  ])('names the setting when $what', async ({ port, says }) => {
    const other = await mkdtemp(path.join(tmpdir(), 'wayside-demo-'));
    const second = spawn(process.execPath, [DEMO], {
      env: { ...process.env, WAYSIDE_DATA_DIR: other, WAYSIDE_HTTP_PORT: '0', WAYSIDE_MQTT_PORT: port() },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaint = '';
    second.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    const [code] = await once(second, 'close');
    await rm(other, { recursive: true, force: true });
    expect(code).toBe(1);
    expect(complaint).toMatch(says);
    expect(complaint).not.toContain('    at ');
  });

  it('stops on Ctrl-C with exit code 0 and leaves nothing behind', async () => {
    const exit = once(demo, 'exit');
    demo.kill('SIGINT');
    demo.kill('SIGINT');
    expect(await exit).toEqual([0, null]);
    expect(output).toContain('Stopped.');
    for (const port of [Number(new URL(origin).port), mqttPort]) expect(await isOpen(port)).toBe(false);
  });
});

describe('npm run demo, killed', () => {
  it('takes the gateway with it', async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'wayside-demo-'));
    const demo = spawn(process.execPath, [DEMO], {
      env: { ...process.env, WAYSIDE_DATA_DIR: dataDir, WAYSIDE_HTTP_PORT: '0', WAYSIDE_MQTT_PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    demo.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const port = await eventually(
      'the MQTT address',
      WITHIN_MS,
      async () => /MQTT\s+mqtt:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1],
    );
    expect(await isOpen(Number(port))).toBe(true);
    demo.kill('SIGKILL');
    await eventually('the gateway is gone', 20_000, async () =>
      (await isOpen(Number(port))) ? undefined : true,
    );
    await rm(dataDir, { recursive: true, force: true });
  });
});

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
