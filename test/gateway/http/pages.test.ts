import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHttp, type TestServer } from './http-server.ts';

let directory: string;
let server: TestServer;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wayside-pages-'));
  await mkdir(join(directory, 'assets'));
  await writeFile(join(directory, 'index.html'), '<title>console</title>');
  await writeFile(join(directory, 'me.html'), '<title>me</title>');
  await writeFile(join(directory, 'sw.js'), 'self');
  await writeFile(join(directory, 'manifest.webmanifest'), '{}');
  await writeFile(join(directory, 'assets', 'main-abc123.js'), '1');
  await writeFile(join(directory, 'assets', 'main-abc123.js.br'), brotliCompressSync('1'));
  await writeFile(join(directory, 'overlay.geojson'), '{"type":"FeatureCollection","features":[]}');
  server = await startHttp({
    pages: `${directory}/`,
    mapOverlay: join(directory, 'overlay.geojson'),
    mapStyle: 'https://tiles.example/style.json',
  });
});
afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true });
});

const page = (path: string) => server.call('GET', path, { token: null, headers: { accept: 'text/html' } });

describe('pages', () => {
  it.each([
    ['/', 'console'],
    ['/decisions', 'console'],
    ['/rules/coffee?tab=1', 'console'],
    ['/me', 'me'],
    ['/me/offers', 'me'],
    ['/mexico', 'console'],
  ])('%s shows the page %s', async (path, title) => {
    const answer = await page(path);
    expect(answer).toMatchObject({ status: 200, body: `<title>${title}</title>` });
    expect(answer.headers.get('content-type')).toContain('text/html');
    expect(answer.headers.get('cache-control')).toBe('no-cache');
  });

  it.each([
    ['/index.html', '/'],
    ['/me.html?x=1', '/me'],
  ])('are at their own address, not at that of their file: %s leads to %s', async (file, address) => {
    const answer = await fetch(`${server.url}${file}`, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, address]);
  });

  it('are there for a worker that fetches the app’s page, and for who only asks whether it is there', async () => {
    for (const path of ['/me', '/me/offers/17']) {
      const asked = await server.call('GET', path, { token: null });
      expect(asked).toMatchObject({ status: 200, body: '<title>me</title>' });
      const head = await server.call('HEAD', path, { token: null });
      expect(head.status).toBe(200);
      expect(head.headers.get('content-security-policy')).toContain("script-src 'self'");
      expect((await server.call('POST', path, { token: null })).status).toBe(405);
    }
  });

  it.each([
    `/api/v1/devices/${'a'.repeat(1_000)}`,
    `/api/v1/${'a'.repeat(1_000)}`,
    `/${'a'.repeat(1_000)}.js`,
    '//assets//main-abc123.js',
  ])('are not what an address that leads nowhere is refused for: %#', async (path) => {
    const answer = await server.call('GET', path);
    expect([400, 404]).toContain(answer.status);
    expect(answer.body.detail).toMatch(/leads nowhere|must be 1 to 128 of/);
  });

  it('have their files, hashed ones for good, the worker always anew', async () => {
    expect((await page('/assets/main-abc123.js')).headers.get('cache-control')).toContain('immutable');
    const worker = await page('/sw.js');
    expect(worker.headers.get('service-worker-allowed')).toBe('/');
    expect(worker.headers.get('cache-control')).toBe('no-cache');
    expect((await page('/manifest.webmanifest')).headers.get('content-type')).toContain('manifest');
  });

  it('come compressed where the build has compressed them and the browser takes it', async () => {
    const asked = (encoding: string) =>
      server.call('GET', '/assets/main-abc123.js', { token: null, headers: { 'accept-encoding': encoding } });
    const compressed = await asked('gzip, br');
    expect(compressed.headers.get('content-encoding')).toBe('br');
    expect(compressed.headers.get('content-type')).toContain('javascript');
    expect(compressed.headers.get('cache-control')).toContain('immutable');
    expect(compressed.headers.get('vary')).toContain('ccept-');
    const plain = await asked('identity');
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect([compressed.body, plain.body]).toEqual(['1', '1']);
    expect((await page('/')).headers.get('content-encoding')).toBeNull();
  });

  it('do not stand in for files and addresses that are not there', async () => {
    expect((await server.call('GET', '/assets/absent.js', { token: null })).body).toMatchObject({
      code: 'not_found',
    });
    expect((await page('/api/v1/nonsense')).status).toBe(404);
    expect((await server.call('POST', '/decisions', { token: null })).status).toBe(404);
    for (const path of ['/../package.json', '/..%2f..%2fpackage.json', '/%2e%2e/package.json']) {
      expect((await server.call('GET', path, { token: null })).body).not.toContain?.('"name": "wayside"');
    }
  });

  it('run only what comes from here, and fetch map tiles where a style is set', async () => {
    const policy = (await page('/')).headers.get('content-security-policy') ?? '';
    const directive = (name: string) => policy.split(';').find((part) => part.startsWith(`${name} `));
    expect(directive('script-src')).toBe("script-src 'self'");
    expect(directive('worker-src')).toBe("worker-src 'self' blob:");
    expect(directive('connect-src')).toContain('https://tiles.example');
    expect(directive('frame-ancestors')).toBe("frame-ancestors 'none'");
    expect(policy).not.toContain('upgrade-insecure-requests');
    expect((await page('/')).headers.get('x-content-type-options')).toBe('nosniff');
    expect((await page('/')).headers.get('strict-transport-security')).toBeNull();
  });

  it('learn which map to draw', async () => {
    expect((await server.call('GET', '/api/v1/map')).body).toEqual({
      styleUrl: 'https://tiles.example/style.json',
      overlayUrl: '/api/v1/map/overlay',
    });
    expect((await server.call('GET', '/api/v1/map/overlay')).body).toEqual({
      type: 'FeatureCollection',
      features: [],
    });
    expect((await server.call('GET', '/api/v1/push-key', { token: null })).body).toEqual({
      publicKey: server.pushKeys.ring.current.publicKey,
      vapidPublicKey: server.pushKeys.ring.current.publicKey,
    });
  });
});

describe('pages that were not built', () => {
  it('say what to do, and the API works', async () => {
    const bare = await startHttp({ pages: `${directory}/absent/` });
    const answer = await bare.call('GET', '/', { token: null });
    expect(answer).toMatchObject({ status: 503, body: expect.stringContaining('npm run build') });
    expect((await bare.call('GET', '/api/v1/map')).body).toEqual({ styleUrl: null, overlayUrl: null });
    expect(await bare.call('GET', '/api/v1/map/overlay')).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
    const policy =
      (await bare.call('GET', '/healthz', { token: null })).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("connect-src 'self';");
    await bare.stop();
  });
});
