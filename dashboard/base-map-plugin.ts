import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Plugin } from 'vite';

const VIRTUAL_ID = 'virtual:base-map-url';
const RESOLVED_ID = `\0${VIRTUAL_ID}`;

/**
 * Makes the base map's data an asset of its own: the borders of the world's countries (Natural Earth 1:50 million, public
 * domain, from the package world-atlas) without their names, as TopoJSON. `import { baseMapUrl } from 'virtual:base-map-url'` gives
 * its address; the map fetches it when it opens.
 */
export function baseMapPlugin(): Plugin {
  return {
    name: 'wayside-base-map',
    resolveId: (id) => (id === VIRTUAL_ID ? RESOLVED_ID : undefined),
    async load(id) {
      if (id !== RESOLVED_ID) return undefined;
      const file = createRequire(import.meta.url).resolve('world-atlas/countries-50m.json');
      const asset = this.emitFile({
        type: 'asset',
        name: 'base-map.json',
        source: withoutNames(await readFile(file, 'utf8')),
      });
      return `export const baseMapUrl = import.meta.ROLLUP_FILE_URL_${asset};`;
    },
  };
}

interface Atlas {
  readonly objects: { readonly countries: { readonly geometries: readonly Record<string, unknown>[] } };
  readonly [key: string]: unknown;
}

function withoutNames(text: string): string {
  const atlas = JSON.parse(text) as Atlas;
  const geometries = atlas.objects.countries.geometries.map(({ type, arcs }) => ({ type, arcs }));
  return JSON.stringify({ ...atlas, objects: { countries: { type: 'GeometryCollection', geometries } } });
}
