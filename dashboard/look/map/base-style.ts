import { baseMapUrl } from 'virtual:base-map-url';
import type { Feature, FeatureCollection, MultiLineString } from 'geojson';
import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from 'maplibre-gl';
import { feature, mesh } from 'topojson-client';
import type { MapPalette } from './map-palette.ts';

type Topology = Parameters<typeof mesh>[0];

const EMPTY: FeatureCollection = { type: 'FeatureCollection', features: [] };

/** Land and borders for the built-in map, from the asset that base-map-plugin.ts makes. */
export interface BaseMap {
  readonly land: Feature | FeatureCollection;
  readonly borders: MultiLineString;
}

/** Fetches the base map; throws where it cannot be read. */
export async function loadBaseMap(): Promise<BaseMap> {
  const response = await fetch(baseMapUrl);
  if (!response.ok) throw new Error(`the base map could not be read: ${response.status}`);
  const topology = (await response.json()) as Topology;
  const { countries } = topology.objects;
  if (countries === undefined) throw new Error('the base map holds no countries');
  return {
    land: feature(topology, countries),
    // Only lines that two countries share: the coast is the land's own edge. (The cast: mesh reads no properties, but its
    // types ask for some.)
    borders: mesh(topology, countries as Parameters<typeof mesh>[1], (a, b) => a !== b),
  };
}

/** The built-in style: everything is drawn from data that the gateway itself serves, and needs no glyphs. */
export function baseStyle(palette: MapPalette): StyleSpecification {
  return {
    version: 8,
    sources: {
      graticule: { type: 'geojson', data: graticule() },
      land: { type: 'geojson', data: EMPTY, attribution: 'Natural Earth' },
      borders: { type: 'geojson', data: EMPTY },
    },
    layers: [
      { id: 'sea', type: 'background', paint: { 'background-color': palette.sea } },
      {
        id: 'land',
        type: 'fill',
        source: 'land',
        paint: { 'fill-color': palette.land, 'fill-outline-color': palette.border },
      },
      {
        id: 'borders',
        type: 'line',
        source: 'borders',
        paint: { 'line-color': palette.border, 'line-width': 1 },
      },
      {
        id: 'graticule',
        type: 'line',
        source: 'graticule',
        maxzoom: 7,
        paint: { 'line-color': palette.graticule, 'line-width': 0.6 },
      },
    ],
  };
}

/** Meridians and parallels, every 15 degrees. */
function graticule(): MultiLineString {
  const STEP = 15;
  const lines: [number, number][][] = [];
  for (let lon = -180; lon <= 180; lon += STEP)
    lines.push([
      [lon, -85],
      [lon, 85],
    ]);
  for (let lat = -75; lat <= 75; lat += STEP)
    lines.push([
      [-180, lat],
      [180, lat],
    ]);
  return { type: 'MultiLineString', coordinates: lines };
}

/** Width in pixels of a line that is `metres` wide on the ground at the equator's scale: doubles with each zoom. */
const AT_ZOOM_0_METRES_PER_PIXEL = 78_271.5;

/** Layers over any base: the city of the overlay, and the places. */
export function overlayLayers(palette: MapPalette): readonly LayerSpecification[] {
  const kind = (...names: string[]): ExpressionSpecification => ['in', ['get', 'kind'], ['literal', names]];
  const isMain = kind('avenue', 'ring');
  const streetWidth = (extra: number): ExpressionSpecification => [
    'interpolate',
    ['exponential', 1.6],
    ['zoom'],
    10,
    0.5 + extra,
    14,
    ['case', isMain, 5.5 + extra, 2.6 + extra],
    18,
    ['case', isMain, 26 + extra, 14 + extra],
  ];
  const ofShape = (shape: 'Polygon' | 'LineString'): ExpressionSpecification => [
    'in',
    ['geometry-type'],
    ['literal', [shape, `Multi${shape}`]],
  ];
  return [
    {
      id: 'city-park',
      type: 'fill',
      source: 'overlay',
      filter: kind('park'),
      paint: { 'fill-color': palette.park },
    },
    {
      id: 'city-block',
      type: 'fill',
      source: 'overlay',
      filter: kind('block'),
      paint: { 'fill-color': palette.building },
    },
    {
      id: 'city-water',
      type: 'fill',
      source: 'overlay',
      filter: ['all', kind('river', 'water'), ofShape('Polygon')],
      paint: { 'fill-color': palette.water },
    },
    {
      id: 'city-river',
      type: 'line',
      source: 'overlay',
      filter: ['all', kind('river', 'water'), ofShape('LineString')],
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: {
        'line-color': palette.water,
        'line-width': ['interpolate', ['exponential', 2], ['zoom'], 10, 4, 14, 34, 18, 400],
      },
    },
    {
      id: 'city-street-casing',
      type: 'line',
      source: 'overlay',
      filter: kind('street', 'avenue', 'ring'),
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: { 'line-color': palette.streetCasing, 'line-width': streetWidth(1.6) },
    },
    {
      id: 'city-street',
      type: 'line',
      source: 'overlay',
      filter: kind('street', 'avenue', 'ring'),
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: { 'line-color': palette.street, 'line-width': streetWidth(0) },
    },
    {
      id: 'place-fill',
      type: 'fill',
      source: 'places',
      filter: ['==', ['get', 'widthAtZoom0'], 0],
      paint: {
        'fill-color': palette.placeFill,
        'fill-opacity': ['case', ['boolean', ['feature-state', 'hover'], false], 0.28, 0.13],
      },
    },
    {
      id: 'place-line',
      type: 'line',
      source: 'places',
      filter: ['==', ['get', 'widthAtZoom0'], 0],
      paint: { 'line-color': palette.placeLine, 'line-width': 1.4, 'line-opacity': 0.85 },
    },
    {
      id: 'place-corridor',
      type: 'line',
      source: 'places',
      filter: ['>', ['get', 'widthAtZoom0'], 0],
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: {
        'line-color': palette.placeFill,
        'line-opacity': 0.2,
        'line-width': [
          'interpolate',
          ['exponential', 2],
          ['zoom'],
          0,
          ['get', 'widthAtZoom0'],
          24,
          ['*', ['get', 'widthAtZoom0'], 2 ** 24],
        ],
      },
    },
  ];
}

/** Pixels at zoom 0 of a corridor with `corridorMetres` to either side at this latitude (Web Mercator stretches by 1/cos). */
export function corridorWidthAtZoom0(corridorMetres: number, lat: number): number {
  return (2 * corridorMetres) / (AT_ZOOM_0_METRES_PER_PIXEL * Math.cos((lat * Math.PI) / 180));
}
