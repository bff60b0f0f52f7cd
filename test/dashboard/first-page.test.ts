import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';

const DIST = new URL('../../dashboard/dist/', import.meta.url);
/** What a phone has to fetch and run before the app shows anything. */
const MOST_SCRIPT_BYTES = 150_000;

const fileOf = (path: string) => readFile(new URL(path.replace(/^\//, ''), DIST));

/** The scripts that a built script cannot run without: those of its `import` statements, not of `import()`. */
function importsOf(code: string): string[] {
  return [...code.matchAll(/(?:^|[;}\n])import(?:[^"'();]*?from)?\s*["']\.\/([^"']+)["']/g)].map(
    ([, name]) => `assets/${name}`,
  );
}

/** All scripts of the first page of the consumer's app, with their sizes as they go over the network. */
async function firstScripts(): Promise<Map<string, number>> {
  const page = (await fileOf('me.html')).toString();
  const sizes = new Map<string, number>();
  const ways = [...page.matchAll(/<script[^>]*src="\/([^"]+)"/g)].map(([, path]) => path ?? '');
  for (let path = ways.pop(); path !== undefined; path = ways.pop()) {
    if (sizes.has(path)) continue;
    const code = await fileOf(path);
    sizes.set(path, gzipSync(code, { level: 9 }).byteLength);
    ways.push(...importsOf(code.toString()));
  }
  return sizes;
}

describe('the first page of the consumer’s app', () => {
  beforeAll(async () => {
    await fileOf('me.html').catch((error: Error) => {
      throw new Error(`the pages are not built; "npm test" and "npm run build" do it: ${error.message}`);
    });
  });

  it('runs less than 150 kB of script, gzipped', async () => {
    const sizes = await firstScripts();
    const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    // React alone is 60 kB: with less, imports were overlooked.
    expect(sizes.size).toBeGreaterThan(3);
    expect(total).toBeGreaterThan(70_000);
    expect(total, JSON.stringify([...sizes])).toBeLessThan(MOST_SCRIPT_BYTES);
  });

  it('leaves charts, maps, QR codes and the other languages for later', async () => {
    const code = await Promise.all(
      [...(await firstScripts()).keys()].map(async (path) => String(await fileOf(path))),
    );
    for (const mark of ['maplibregl', 'uplot', 'Meine Daten', 'I miei dati', 'mantine-Button'])
      expect(
        code.some((one) => one.includes(mark)),
        mark,
      ).toBe(false);
    expect(code.some((one) => one.includes('My data'))).toBe(true);
  });

  it('is kept by the worker for the time without a network, with all that it needs', async () => {
    const worker = (await fileOf('sw.js')).toString();
    for (const path of [...(await firstScripts()).keys(), 'me']) expect(worker).toContain(`/${path}`);
    const kept = [...worker.matchAll(/\/assets\/[\w.-]+/g)].map(([path]) => path);
    expect(kept.length).toBeGreaterThan(5);
    for (const path of kept) await expect(fileOf(path)).resolves.toBeDefined();
    expect(kept.join()).not.toContain('base-map');
  });
});

describe('the manifest', () => {
  it('makes the app installable', async () => {
    const manifest = JSON.parse((await fileOf('manifest.webmanifest')).toString());
    expect(manifest).toMatchObject({ id: '/me', scope: '/me', start_url: '/me', display: 'standalone' });
    expect(manifest.name.length).toBeGreaterThan(0);
    expect(manifest.short_name.length).toBeLessThanOrEqual(12);
    const sizes = new Set<string>();
    for (const { src, sizes: said, type } of manifest.icons) {
      const icon = await fileOf(src);
      if (type !== 'image/png') continue;
      // Width and height stand in the header of a PNG (RFC 2083 §4.1.1).
      expect(`${icon.readUInt32BE(16)}x${icon.readUInt32BE(20)}`).toBe(said);
      sizes.add(said);
    }
    expect([...sizes].sort()).toEqual(['192x192', '512x512']);
    expect(manifest.icons.some(({ purpose }: { purpose?: string }) => purpose === 'maskable')).toBe(true);
    const page = (await fileOf('me.html')).toString();
    expect(page).toContain('rel="manifest"');
    expect(page).toContain('rel="apple-touch-icon"');
  });
});
