import type { PlaceFeature } from '../api/shapes.ts';

const METRES_PER_KILOMETRE = 1_000;

/** What a place looks like on the ground, in a few words, such as "Circle, radius 75 m". */
export function shapeInWords({ geometry, properties }: PlaceFeature): string {
  switch (geometry.type) {
    case 'Point':
      return `Circle, radius ${distanceInWords(Number(properties.radiusMetres))}`;
    case 'LineString':
      return `Corridor, ${distanceInWords(Number(properties.corridorMetres))} to either side`;
    case 'Polygon':
      return `Polygon${geometry.coordinates.length > 1 ? ' with holes' : ''}`;
    case 'MultiPolygon':
      return `${geometry.coordinates.length} polygons`;
    default:
      return geometry.type;
  }
}

function distanceInWords(metres: number): string {
  return metres < METRES_PER_KILOMETRE
    ? `${Math.round(metres)} m`
    : `${Number((metres / METRES_PER_KILOMETRE).toFixed(1))} km`;
}
