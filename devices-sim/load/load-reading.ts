import { gzipSync } from 'node:zlib';
import { encode } from 'cborg';

/** A numbered reading of a device under load. */
export interface LoadReading {
  /** Epoch ms. */
  readonly at: number;
  /** The device's own count, from 0: by it is known what arrived. */
  readonly n: number;
  readonly lat: number;
  readonly lon: number;
}

export const PAYLOAD_FORMATS = ['json', 'cbor', 'gzip'] as const;
export type PayloadFormat = (typeof PAYLOAD_FORMATS)[number];

/** The contract allows strings of 256 bytes and 1,000 metrics. */
const PAD_BYTES = 200;
export const LARGEST_PAYLOAD_BYTES = 100_000;

/**
 * Makes the function that turns readings into payloads.
 *
 * @param sizeBytes what a payload as JSON is filled up to, with metrics that say nothing; shorter ones stay as they are
 */
export function createEncoder(
  format: PayloadFormat,
  sizeBytes: number,
): (reading: LoadReading) => string | Buffer {
  const padding = paddingFor(sizeBytes);
  return ({ at, n, lat, lon }) => {
    const reading = { at, position: { lat, lon, accuracy: 8 }, metrics: { n, ...padding } };
    switch (format) {
      case 'json':
        return JSON.stringify(reading);
      case 'cbor':
        return Buffer.from(encode(reading));
      case 'gzip':
        return gzipSync(JSON.stringify(reading), { level: 1 });
    }
  };
}

function paddingFor(sizeBytes: number): Readonly<Record<string, string>> {
  const bare = {
    at: 1763756400000,
    position: { lat: 45.46427, lon: 9.19012, accuracy: 8 },
    metrics: { n: 1000 },
  };
  let missing = sizeBytes - JSON.stringify(bare).length;
  const padding: Record<string, string> = {};
  for (let index = 0; missing > 0; index += 1) {
    const name = `pad${index}`;
    const around = `,"${name}":""`.length;
    padding[name] = '.'.repeat(Math.max(0, Math.min(PAD_BYTES, missing - around)));
    missing -= around + (padding[name]?.length ?? 0);
  }
  return padding;
}
