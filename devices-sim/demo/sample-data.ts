import { readdir, readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import type { City } from '../city/model/city.ts';
import { poiFeature } from '../city/model/city-geojson.ts';
import type { GatewayApi } from '../gateway-api.ts';
import { inParallel } from '../in-parallel.ts';

const RULES = new URL('./rules/', import.meta.url);
/** Rules that are there to be switched on by the newcomer. */
const PAUSED = new Set(['pharmacy-vitamins']);

/** Makes a place of every point of interest, and puts the sample rules (rules/*.yaml) live. */
export async function putSampleData(api: GatewayApi, city: City): Promise<void> {
  await inParallel(city.pois, async (poi) => {
    await api.call('PUT', `/api/v1/places/${poi.id}`, poiFeature(poi));
  });
  for (const file of (await readdir(RULES)).filter((name) => name.endsWith('.yaml')).sort()) {
    const text = await readFile(new URL(file, RULES), 'utf8');
    const { id } = parse(text) as { id: string };
    await api.call('PUT', `/api/v1/rules/${id}`, text);
    await api.call('POST', `/api/v1/rules/${id}/state`, { state: 'live' });
    if (PAUSED.has(id)) await api.call('POST', `/api/v1/rules/${id}/state`, { state: 'paused' });
  }
}
