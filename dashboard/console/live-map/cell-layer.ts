import type { FeatureCollection } from 'geojson';
import type { ExpressionSpecification, Map as MapLibreMap } from 'maplibre-gl';
import type { MapPalette } from '../../look/map/map-palette.ts';
import { CELL_STEPS } from './cell-steps.ts';

const CELL_LAYER = 'cell-fill';
export const CELL_SOURCE = 'cells';

/** Draws the cells below the places, from then on also when they change: `ground.setData(CELL_SOURCE, …)`. */
export function addCellLayer(map: MapLibreMap, data: FeatureCollection, palette: MapPalette): void {
  map.addSource(CELL_SOURCE, { type: 'geojson', data });
  const below = map.getLayer('place-fill') === undefined ? undefined : 'place-fill';
  map.addLayer(
    {
      id: CELL_LAYER,
      type: 'fill',
      source: CELL_SOURCE,
      paint: { 'fill-color': palette.cell, 'fill-opacity': opacity(), 'fill-outline-color': palette.cell },
    },
    below,
  );
}

function opacity(): ExpressionSpecification {
  const [first, ...rest] = CELL_STEPS;
  const steps = rest.flatMap(({ from, opacity: value }) => [from, value]);
  return ['step', ['get', 'devices'], first.opacity, ...steps] as unknown as ExpressionSpecification;
}
