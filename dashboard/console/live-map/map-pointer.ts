import type { Map as MapLibreMap } from 'maplibre-gl';
import type { Hit } from './device-canvas.ts';

/** How near the pointer has to be to a device, in pixels. */
const HIT_PX = 16;

/** What lies under the pointer, in pixels of the map's box. */
export interface Pointed {
  readonly x: number;
  readonly y: number;
  readonly device: string | null;
  readonly place: string | null;
}

export interface PointerOptions {
  readonly map: MapLibreMap;
  /** Where the devices were drawn last. */
  readonly hits: () => readonly Hit[];
  readonly onPoint: (pointed: Pointed | null) => void;
  readonly onSelect: (device: string | null) => void;
}

/** Tells what the pointer is at, and lights up the place under it. */
export function followPointer({ map, hits, onPoint, onSelect }: PointerOptions): void {
  let hoveredPlace: string | null = null;

  function deviceAt(x: number, y: number): string | null {
    let nearest: { device: string; distance: number } | null = null;
    for (const hit of hits()) {
      const distance = Math.hypot(hit.x - x, hit.y - y);
      if (distance <= HIT_PX && distance < (nearest?.distance ?? Infinity))
        nearest = { device: hit.device, distance };
    }
    return nearest?.device ?? null;
  }

  function hover(place: string | null): void {
    if (place === hoveredPlace) return;
    // While a style is being changed there are no places, and their states went with them.
    if (map.getSource('places') !== undefined) {
      if (hoveredPlace !== null)
        map.setFeatureState({ source: 'places', id: hoveredPlace }, { hover: false });
      if (place !== null) map.setFeatureState({ source: 'places', id: place }, { hover: true });
    }
    hoveredPlace = place;
  }

  map.on('mousemove', ({ point }) => {
    const device = deviceAt(point.x, point.y);
    const layers = ['place-fill', 'place-corridor'].filter((layer) => map.getLayer(layer) !== undefined);
    const found = map.queryRenderedFeatures(point, { layers })[0];
    const place = found === undefined ? null : String(found.properties.id);
    hover(place);
    map.getCanvas().style.cursor = device === null ? '' : 'pointer';
    onPoint(device === null && place === null ? null : { x: point.x, y: point.y, device, place });
  });
  map.on('mouseout', () => {
    hover(null);
    onPoint(null);
  });
  map.on('click', ({ point }) => onSelect(deviceAt(point.x, point.y)));
}
