import Flatbush from 'flatbush';
import { collecting, readChoice, readFields, readId, readNumber, readText } from '../document/document.ts';
import type { Parsed } from '../document/problem.ts';
import { type PlaceGeometry, readPlaceGeometry } from '../geometry/geojson.ts';
import { shapesWithin } from '../geometry/overlap.ts';
import { type Box, growBox, TURNS } from '../geometry/path.ts';
import { metresOutside, partBoxesOf, type Shape, shapeOf } from '../geometry/shape.ts';

export const ZONE_CATEGORIES = ['health_care', 'worship', 'shelter', 'school', 'other'] as const;
export type ZoneCategory = (typeof ZONE_CATEGORIES)[number];

/** An area in which, with a margin round it, no visit is kept and nothing is triggered. */
export interface SensitiveZone {
  readonly id: string;
  readonly name: string;
  readonly category: ZoneCategory;
  readonly geometry: PlaceGeometry;
  /** From the zone's edge. */
  readonly marginMetres: number;
}

/**
 * 2,000 feet, rounded up: Washington's My Health My Data Act forbids geofences at or within 2,000 feet "from the perimeter" of
 * places that give health care (RCW 19.373.080, RCW 19.373.010).
 */
export const DEFAULT_MARGIN_METRES = 610;
const LARGEST_MARGIN_METRES = 50_000;

/**
 * Reads a zone from a GeoJSON Feature: a Point (with `properties.radiusMetres`, 0 to 50,000, 0 where missing), a Polygon, a
 * MultiPolygon or a LineString with `properties.corridorMetres`; and in its `properties` `name` (the id where missing), `category`
 * (`other` where missing) and `marginMetres` (610 where missing). Properties of other makers are ignored.
 */
export function parseSensitiveZone(id: string, feature: unknown): Parsed<SensitiveZone> {
  return collecting((report) => {
    const zoneId = readId(id, 'id', report);
    const fields = readFields(feature, '', null, report);
    if (fields === null) return null;
    if (fields.type !== 'Feature') report('type', 'must be "Feature" (GeoJSON)');
    const properties = readFields(fields.properties ?? {}, 'properties', null, report) ?? {};
    const name =
      properties.name === undefined ? id : readText(properties.name, 'properties.name', report, { max: 200 });
    const category = readChoice(
      properties.category ?? 'other',
      'properties.category',
      report,
      ZONE_CATEGORIES,
    );
    const marginMetres = readNumber(
      properties.marginMetres ?? DEFAULT_MARGIN_METRES,
      'properties.marginMetres',
      report,
      { min: 0, max: LARGEST_MARGIN_METRES },
    );
    const geometry = readPlaceGeometry(fields.geometry, properties, report, { leastRadiusMetres: 0 });
    if (zoneId === null || name === null || category === null || marginMetres === null || geometry === null) {
      return null;
    }
    return { id: zoneId, name, category, geometry, marginMetres };
  });
}

/** All zones, margins included. Static: a changed zone gets a new set. */
export interface ZoneSet {
  readonly size: number;
  /** Whether a point lies in a zone or at most its margin beyond its edge. */
  holds(lat: number, lon: number): boolean;
  /** Whether a zone or its margin may reach into a box: false where none does. */
  mayTouch(box: Box): boolean;
  /** A zone that a shape overlaps, margin included: of several the one with the least id; else null. */
  overlapping(shape: Shape): SensitiveZone | null;
}

export function zoneSetOf(zones: readonly SensitiveZone[]): ZoneSet {
  if (zones.length === 0)
    return { size: 0, holds: () => false, mayTouch: () => false, overlapping: () => null };
  const sorted = [...zones].sort((a, b) => (a.id < b.id ? -1 : 1));
  const shapes = sorted.map(({ geometry }) => shapeOf(geometry));
  const boxes = sorted.flatMap(({ marginMetres }, zone) =>
    partBoxesOf(shapes[zone] as Shape).map((box) => ({ zone, box: growBox(box, marginMetres) })),
  );
  const tree = new Flatbush(boxes.length);
  for (const { box } of boxes) tree.add(box.west, box.south, box.east, box.north);
  tree.finish();
  const search = ({ west, south, east, north }: Box): readonly number[] => [
    ...new Set(
      TURNS.flatMap((turn) => tree.search(west + turn, south, east + turn, north)).flatMap(
        (index) => boxes[index]?.zone ?? [],
      ),
    ),
  ];
  return {
    size: zones.length,
    holds(lat, lon) {
      const box = { west: lon, south: lat, east: lon, north: lat };
      return search(box).some((zone) => {
        const [shape, margin] = [shapes[zone], sorted[zone]?.marginMetres];
        return shape !== undefined && margin !== undefined && metresOutside(shape, lat, lon) <= margin;
      });
    },
    mayTouch: (box) => search(box).length > 0,
    overlapping(shape) {
      const found = [...new Set(partBoxesOf(shape).flatMap(search))].sort((a, b) => a - b);
      for (const zone of found) {
        const [other, known] = [shapes[zone], sorted[zone]];
        if (other && known && shapesWithin(other, shape, known.marginMetres)) return known;
      }
      return null;
    },
  };
}
