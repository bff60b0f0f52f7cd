import { worker } from './scope.ts';

/**
 * The files that the app starts with, and a version that changes with any of them; service-worker-plugin.ts fills it in.
 * `/me` stands for every page below it.
 */
declare const APP_SHELL: { readonly version: string; readonly files: readonly string[] };

const PREFIX = 'app-shell-';
const PAGE = '/me';
/** A network that takes longer is passed over for what is kept. */
const PATIENCE_MS = 4_000;

const { version, files } = APP_SHELL;
const cacheName = `${PREFIX}${version}`;

/** Fetches the files of this version aside. Where one cannot be had, the worker that is there stays in charge. */
export async function keepShell(): Promise<void> {
  const cache = await caches.open(cacheName);
  // `no-cache` asks the gateway also where the browser has a copy: a page of yesterday would name files that are gone.
  await cache.addAll(files.map((file) => new Request(file, { cache: 'no-cache' })));
}

/** Drops what older versions kept, save the last, whose pages may still be open. */
export async function dropOldShells(): Promise<void> {
  const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== cacheName);
  for (const name of others.slice(0, -1)) await caches.delete(name);
}

/** The answer to a request of a page, where the worker gives it; null leaves it to the browser. */
export function answer(request: Request): Promise<Response> | null {
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== worker.location.origin) return null;
  if (request.mode === 'navigate') {
    return pathname === PAGE || pathname.startsWith(`${PAGE}/`) ? freshPage(request) : null;
  }
  if (pathname.startsWith('/assets/')) return keptFile(request, false);
  return files.includes(pathname) ? keptFile(request, true) : null;
}

/** The page as the gateway has it; as it was kept where there is no network, a slow one, or no gateway behind it. */
async function freshPage(request: Request): Promise<Response> {
  const kept = await (await caches.open(cacheName)).match(PAGE);
  if (kept === undefined) return fetch(request);
  try {
    const response = await Promise.race([fetch(request), patience()]);
    return response === null || response.status >= 500 ? kept : response;
  } catch (error) {
    if (error instanceof TypeError) return kept;
    throw error;
  }
}

function patience(): Promise<null> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(null), PATIENCE_MS);
  });
}

/** A file as it was kept: of this version alone, or, where its name has its hash, of any. */
async function keptFile(request: Request, ofThisVersion: boolean): Promise<Response> {
  const options = ofThisVersion ? { cacheName } : {};
  // The gateway's `Vary` speaks of encodings, which a kept answer has behind it.
  return (await caches.match(request, { ...options, ignoreVary: true })) ?? fetch(request);
}
