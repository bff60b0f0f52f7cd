import type { Corner } from './fence-shape.ts';

/** Mean earth radius, metres (IUGG). */
const EARTH_RADIUS_METRES = 6_371_008.8;

/** Great-circle distance by the haversine formula, which keeps its digits for small distances. */
export function metresApart([lon1, lat1]: Corner, [lon2, lat2]: Corner): number {
  const radians = Math.PI / 180;
  const a =
    Math.sin(((lat2 - lat1) * radians) / 2) ** 2 +
    Math.cos(lat1 * radians) * Math.cos(lat2 * radians) * Math.sin(((lon2 - lon1) * radians) / 2) ** 2;
  return 2 * EARTH_RADIUS_METRES * Math.asin(Math.min(1, Math.sqrt(a)));
}
