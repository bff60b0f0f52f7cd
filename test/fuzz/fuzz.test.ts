import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GatewayProcess, startGateway } from '../support/gateway.ts';
import { codecSeeds } from './codec-seeds.ts';
import { fuzzPackets, sendStream } from './packets.ts';
import { fuzzCodec, tryPayload } from './payloads.ts';

/** The short form; `npm run fuzz` is the long one. */
const PAYLOADS = 3000;
const PACKETS = 10_000;
const SEED = 7;

/** An input that was not stood once, and must be from then on. */
type Find =
  | { readonly name: string; readonly topic: string; readonly payloadHex: string }
  | { readonly name: string; readonly streamHex: string };

const FINDS = new URL('finds/', import.meta.url);
const finds = readdirSync(FINDS).flatMap(
  (file) => JSON.parse(readFileSync(new URL(file, FINDS), 'utf8')) as Find[],
);

describe('mutated payloads', () => {
  it.each(codecSeeds().map((codec) => [codec.name, codec] as const))('are stood by %s', (_name, codec) => {
    const { finds: found, understood } = fuzzCodec(codec, PAYLOADS, SEED);
    expect(found).toEqual([]);
    expect(understood).toBeGreaterThan(PAYLOADS / 50);
  });

  it.each(finds.flatMap((find) => ('topic' in find ? [[find.name, find] as const] : [])))(
    'stay mended: %s',
    (_name, { topic, payloadHex }) => {
      expect(tryPayload(topic, Buffer.from(payloadHex, 'hex'), null).fault).toBeNull();
    },
  );
});

describe('mutated packets', () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway.stop());

  it('hurt nobody but their sender', async () => {
    const { faults, mutated, witnessed, streamsBefore } = await fuzzPackets(gateway, PACKETS, SEED);
    expect({ faults, streamsBefore }).toEqual({ faults: [], streamsBefore: [] });
    expect(mutated).toBeGreaterThanOrEqual(PACKETS);
    expect(witnessed).toBeGreaterThan(0);
  });

  it.each(finds.flatMap((find) => ('streamHex' in find ? [[find.name, find] as const] : [])))(
    'stay mended: %s',
    async (_name, { streamHex }) => {
      await sendStream(gateway.mqttPort, Buffer.from(streamHex, 'hex'));
      expect((await gateway.api('GET', '/healthz')).status).toBe(200);
    },
  );
});
