import type { Polygon } from 'geojson';

/** Mean earth radius of the sphere on which the circle is drawn, metres (IUGG). */
const EARTH_RADIUS_METRES = 6_371_008.8;
const CORNERS = 72;

/**
 * A circle on the ground as a GeoJSON polygon, with its real radius at any latitude. Longitudes run on past ±180 rather
 * than wrap, so that a circle over the date line stays one piece. Source: the destination point on a sphere,
 * φ₂ = asin(sin φ₁ cos δ + cos φ₁ sin δ cos θ), λ₂ = λ₁ + atan2(sin θ sin δ cos φ₁, cos δ − sin φ₁ sin φ₂).
 */
export function circlePolygon(lat: number, lon: number, radiusMetres: number): Polygon {
  const angle = radiusMetres / EARTH_RADIUS_METRES;
  const phi = (lat * Math.PI) / 180;
  const ring: [number, number][] = [];
  for (let corner = 0; corner < CORNERS; corner += 1) {
    // Counted down, so that the ring runs counterclockwise (RFC 7946 §3.1.6).
    const bearing = (-2 * Math.PI * corner) / CORNERS;
    const phi2 = Math.asin(
      Math.sin(phi) * Math.cos(angle) + Math.cos(phi) * Math.sin(angle) * Math.cos(bearing),
    );
    const turn = Math.atan2(
      Math.sin(bearing) * Math.sin(angle) * Math.cos(phi),
      Math.cos(angle) - Math.sin(phi) * Math.sin(phi2),
    );
    ring.push([lon + (turn * 180) / Math.PI, (phi2 * 180) / Math.PI]);
  }
  return { type: 'Polygon', coordinates: [[...ring, ring[0] as [number, number]]] };
}
