/** What the map holds: something that tells its id. */
interface Identified {
  readonly place: { readonly id: string };
}

/**
 * Things by their ids. Never changed: a change makes another map that shares all but the buckets that it concerns. Extendible hashing (Fagin et
 * al. 1979): a bucket that is full is split in two by one more bit of the hash, without touching the others. A change costs by its own
 * size, and one copy of the directory (16 bytes for a bucket's worth of ids: 30 µs for a million).
 */
export interface IdMap<T extends Identified> {
  readonly size: number;
  readonly directory: readonly Bucket<T>[];
}

interface Bucket<T> {
  /** How many bits of the hash its ids have in common. */
  readonly depth: number;
  readonly hashes: number[];
  readonly values: T[];
}

const MOST_IN_BUCKET = 32;
const SMALLEST_DIRECTORY = 16;

export function emptyIdMap<T extends Identified>(): IdMap<T> {
  return { size: 0, directory: [{ depth: 0, hashes: [], values: [] }] };
}

export function findById<T extends Identified>({ directory }: IdMap<T>, id: string): T | undefined {
  const hash = hashOf(id);
  const bucket = directory[hash & (directory.length - 1)];
  return bucket?.values[positionOf(bucket, hash, id)];
}

function positionOf<T extends Identified>({ hashes, values }: Bucket<T>, hash: number, id: string): number {
  for (let index = 0; index < hashes.length; index++) {
    if (hashes[index] === hash && values[index]?.place.id === id) return index;
  }
  return -1;
}

/** @returns the new map, and what was taken out or replaced */
export function changeIdMap<T extends Identified>(
  map: IdMap<T>,
  put: readonly T[],
  remove: readonly string[],
): { readonly map: IdMap<T>; readonly replaced: readonly T[] } {
  const directory = map.directory.slice();
  // Buckets that this change made are its own to write to.
  const own = new Set<Bucket<T>>();
  const replaced: T[] = [];
  let size = map.size;

  const bucketOf = (hash: number): Bucket<T> => {
    const found = directory[hash & (directory.length - 1)] as Bucket<T>;
    if (own.has(found)) return found;
    const copy = { depth: found.depth, hashes: found.hashes.slice(), values: found.values.slice() };
    place(copy, hash);
    return copy;
  };

  /** Puts a bucket into all entries of the directory that share its bits. */
  const place = (bucket: Bucket<T>, hash: number): void => {
    own.add(bucket);
    const step = 2 ** bucket.depth;
    for (let index = hash & (step - 1); index < directory.length; index += step) directory[index] = bucket;
  };

  /** Ids with one hash make a bucket longer rather than the directory larger than there are ids. */
  const maySplit = ({ depth }: Bucket<T>): boolean =>
    2 ** depth < directory.length || directory.length < Math.max(SMALLEST_DIRECTORY, size);

  const split = (bucket: Bucket<T>, hash: number): void => {
    if (2 ** bucket.depth === directory.length) directory.push(...directory.slice(0));
    const bit = 2 ** bucket.depth;
    const empty = (): Bucket<T> => ({ depth: bucket.depth + 1, hashes: [], values: [] });
    const [low, high] = [empty(), empty()];
    for (const [index, one] of bucket.hashes.entries()) {
      const half = (one & bit) === 0 ? low : high;
      half.hashes.push(one);
      half.values.push(bucket.values[index] as T);
    }
    own.delete(bucket);
    place(low, hash & (bit - 1));
    place(high, (hash & (bit - 1)) | bit);
  };

  for (const id of remove) {
    const hash = hashOf(id);
    const known = directory[hash & (directory.length - 1)] as Bucket<T>;
    if (positionOf(known, hash, id) === -1) continue;
    const bucket = bucketOf(hash);
    const position = positionOf(bucket, hash, id);
    replaced.push(...bucket.values.splice(position, 1));
    bucket.hashes.splice(position, 1);
    size -= 1;
  }
  for (const value of put) {
    const hash = hashOf(value.place.id);
    let bucket = bucketOf(hash);
    const position = positionOf(bucket, hash, value.place.id);
    if (position !== -1) {
      replaced.push(bucket.values[position] as T);
      bucket.values[position] = value;
      continue;
    }
    while (bucket.values.length >= MOST_IN_BUCKET && maySplit(bucket)) {
      split(bucket, hash);
      bucket = directory[hash & (directory.length - 1)] as Bucket<T>;
    }
    bucket.hashes.push(hash);
    bucket.values.push(value);
    size += 1;
  }
  return { map: { size, directory }, replaced };
}

/** FNV-1a (Fowler, Noll and Vo), with its bits mixed once more, for the lowest ones choose the bucket. Within 31 bits: a small integer. */
function hashOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index++) hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) & 0x3fffffff;
}

export function* valuesOf<T extends Identified>({ directory }: IdMap<T>): Iterable<T> {
  for (const [index, bucket] of directory.entries()) {
    // A bucket stands in the directory several times; its first entry is the one below 2 to its depth.
    if (index < 2 ** bucket.depth) yield* bucket.values;
  }
}
