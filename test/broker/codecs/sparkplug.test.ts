import { readFileSync } from 'node:fs';
import { deflateSync, gzipSync } from 'node:zlib';
import { get } from 'sparkplug-payload';
import { describe, expect, it } from 'vitest';
import { type DialectState, spanOf } from '../../../broker/codecs/codec.ts';
import { sparkplug } from '../../../broker/codecs/sparkplug.ts';

interface Message {
  readonly topic: string;
  /** The device that the topic is resolved to; the edge node's own where it is left out. */
  readonly device?: string;
  /** For the encoder of Eclipse Tahu. */
  readonly payload?: Record<string, unknown>;
  readonly hex?: string;
  readonly compress?: 'DEFLATE' | 'GZIP';
  /** Domain time since the message before. */
  readonly afterMs?: number;
  readonly readings?: readonly unknown[];
  readonly problems?: readonly string[];
  /** Topics of what is sent, and who came (`+`) or went (`-`). */
  readonly requests?: readonly string[];
}

const tahu = get('spBv1.0') as {
  encodePayload(payload: object): Uint8Array;
  decodePayload(bytes: Uint8Array): { metrics: { name: string; value: unknown }[] };
};

function encode({ payload, hex, compress }: Message): Buffer {
  if (payload === undefined) return Buffer.from(hex ?? '', 'hex');
  const metrics = ((payload.metrics ?? []) as { value: unknown; type: string }[]).map((metric) => ({
    ...metric,
    value:
      metric.type === 'Bytes'
        ? Uint8Array.from(metric.value as number[])
        : metric.value === 'NaN'
          ? Number.NaN
          : metric.value,
  }));
  const plain = Buffer.from(tahu.encodePayload({ ...payload, metrics }));
  if (compress === undefined) return plain;
  return Buffer.from(
    tahu.encodePayload({
      uuid: 'SPBV1.0_COMPRESSED',
      body: compress === 'GZIP' ? gzipSync(plain) : deflateSync(plain),
      metrics: [{ name: 'algorithm', type: 'String', value: compress }],
    }),
  );
}

const cases = JSON.parse(readFileSync(new URL('cases/sparkplug.json', import.meta.url), 'utf8')) as {
  name: string;
  messages: Message[];
}[];

const { decoding } = sparkplug;
if (decoding.kind !== 'stateful') throw new Error('Sparkplug has a state');
const { codec } = decoding;

describe('Sparkplug B', () => {
  it.each(cases.map((one) => [one.name, one.messages] as const))('%s', (_name, messages) => {
    let state: DialectState | null = null;
    let receivedAt = 1_763_756_400_000;
    for (const message of messages) {
      receivedAt += message.afterMs ?? 100;
      const payload = encode(message);
      const arrival = { topic: message.topic, receivedAt, userId: message.device ?? 'the-node' };
      const before: string = JSON.stringify(state);
      const decoded = codec.decode(payload, arrival, state);
      expect(JSON.stringify(state)).toBe(before);
      // Kept as JSON between two starts, and the same from it.
      expect(codec.decode(payload, arrival, JSON.parse(before))).toEqual(decoded);
      state = decoded.state;
      expect(decoded.problems.map(({ code }) => code)).toEqual(message.problems ?? []);
      expect(JSON.parse(JSON.stringify(decoded.readings))).toEqual(message.readings ?? []);
      expect(
        decoded.requests.map((request) =>
          request.kind === 'send'
            ? request.topic
            : `${request.state === 'online' ? '+' : '-'}${request.deviceId}`,
        ),
      ).toEqual(message.requests ?? []);
      for (const request of decoded.requests) {
        if (request.kind !== 'send') continue;
        expect(tahu.decodePayload(request.payload).metrics).toMatchObject([
          { name: 'Node Control/Rebirth', value: true },
        ]);
      }
      if (payload.length > 0) expect(spanOf(payload)).toBe(1000);
    }
  });

  it('keeps no more than its bounds of a node', () => {
    let state: DialectState | null = null;
    const problems: string[] = [];
    for (let device = 0; device < 40; device += 1) {
      const metrics = Array.from({ length: 1000 }, (_, index) => ({
        name: `metric ${index}`,
        alias: device * 1000 + index,
        type: 'Int32',
        value: index,
      }));
      const topic = device === 0 ? 'spBv1.0/g/NBIRTH/n' : `spBv1.0/g/DBIRTH/n/d${device}`;
      const payload = encode({ topic, payload: { timestamp: 1_763_756_400_000, seq: device, metrics } });
      const decoded = codec.decode(payload, { topic, receivedAt: 1_763_756_400_000, userId: 'n' }, state);
      state = decoded.state;
      problems.push(...decoded.problems.map(({ code }) => code));
    }
    expect(problems).toEqual(Array.from({ length: 20 }, () => 'too_large'));
    expect(JSON.stringify(state).length).toBeLessThan(1_000_000);
  });
});
