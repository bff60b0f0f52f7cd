import type { Random } from '../city/model/random.ts';

/** Each is refused whole, so that a message is one entry of the quarantine. */
const NO_READINGS: readonly string[] = [
  '',
  '{',
  'null',
  '42',
  '"hello"',
  '{}',
  '{"at":1763756400000}',
  '{"metrics":{"fuel":0.5}',
  '{"metrics":{"fuel":0.5},}',
  '{"metrics":[0.5]}',
  '{"metrics":{"fuel":{"value":0.5}}}',
  '{"metrics":{"fuel":null}}',
  '{"position":{"lat":"45.46","lon":"9.19"}}',
  '{"position":{"lat":145.46,"lon":9.19}}',
  '{"position":[45.46,9.19]}',
  '{"at":"yesterday","metrics":{"fuel":0.5}}',
  '{"at":12,"metrics":{"fuel":0.5}}',
  '{"event":["purchase"]}',
  '<reading><fuel>0.5</fuel></reading>',
  'fuel=0.5',
];
const RANDOM_BYTES = 24;
/** A byte with which no text of UTF-8 begins, and no other encoding that the gateway takes. */
const NEVER_FIRST = 0xff;

/**
 * A message that is no reading, whole: unfinished and wrong JSON, other formats, random bytes. Of a few dozen different ones,
 * for the quarantine keeps a repeated one once, with a count, and of a device the newest 500.
 */
export function garbage(random: Random): Buffer {
  if (random.chance(0.8)) return Buffer.from(random.pick(NO_READINGS));
  const noise = random.fork(`noise ${random.integer(8)}`);
  return Buffer.from([NEVER_FIRST, ...Array.from({ length: RANDOM_BYTES }, () => noise.integer(256))]);
}
