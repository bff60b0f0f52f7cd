import type { Bounds } from '../../look/map/place-shapes.ts';

export const WHOLE_EARTH: Bounds = [-180, -85, 180, 85];

/** Somewhat more than is seen, on a grid, so that small moves ask for nothing new. */
export function widened([west, south, east, north]: Bounds): Bounds {
  const step = Math.max(0.001, 2 ** Math.ceil(Math.log2((east - west) / 4)));
  return [
    Math.floor(west / step) * step,
    Math.floor(south / step) * step,
    Math.ceil(east / step) * step,
    Math.ceil(north / step) * step,
  ];
}

/** West,south,east,north as the API takes them: a box that runs over the date line has its west above its east. */
export function boxText([west, south, east, north]: Bounds): string {
  const turned = (lon: number) => ((((lon + 180) % 360) + 360) % 360) - 180;
  const [from, to] = east - west >= 360 ? [-180, 180] : [turned(west), turned(east) || 180];
  const clamp = (lat: number) => Math.max(-90, Math.min(90, lat));
  return [from, clamp(south), from === to ? to + 0.001 : to, clamp(north)]
    .map((degrees) => Number(degrees.toFixed(6)))
    .join(',');
}
