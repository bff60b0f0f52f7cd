import { setImmediate } from 'node:timers/promises';
import type { Parsed } from '../../rules/document/problem.ts';
import type { Problem } from '../errors.ts';
import { invalidDocument } from './refused.ts';

/** What became of one feature of an import. */
export type FeatureReport =
  | { readonly index: number; readonly id: string; readonly status: 'imported' }
  | {
      readonly index: number;
      readonly id: string;
      readonly status: 'refused';
      readonly problems: readonly Problem[];
    };

/** A feature as it is kept: as it was given, under its final id. */
export interface NamedFeature {
  readonly id: string;
  readonly name: string;
  readonly feature: object;
}

/** What was read of one feature, and is fit to be kept. */
export interface ReadFeature<T> extends NamedFeature {
  readonly value: T;
}

export interface FeatureImport<T> {
  readonly read: readonly ReadFeature<T>[];
  readonly features: readonly FeatureReport[];
}

const MAX_FEATURES = 200_000;
const FEATURES_AT_A_STRETCH = 200;
/** Leaves room for a number behind it, within the 128 that an id may have. */
const MAX_SLUG = 100;

/** The features of a FeatureCollection. Throws `invalid_document` where it is none. */
export function featuresOfCollection(document: unknown): readonly unknown[] {
  const collection = document as { readonly type?: unknown; readonly features?: unknown } | null;
  if (collection?.type === 'FeatureCollection' && Array.isArray(collection.features))
    return collection.features;
  throw invalidDocument([
    { path: 'type', message: 'must be a GeoJSON FeatureCollection with a list of features' },
  ]);
}

/**
 * Reads features one by one; one that is wrong does not keep the others out. The id is `feature.id` or `properties.id`, else made of
 * the name, with a number behind it where that repeats: importing the same file again replaces the same things.
 *
 * @param parse reads one of them
 * @param objection what keeps one out that could be read, or null
 * @throws WaysideError `invalid_document` where there are too many
 */
export async function readFeatureImport<T extends { readonly id: string; readonly name: string }>(
  given: Iterable<unknown>,
  parse: (id: string, feature: unknown) => Parsed<T>,
  objection: (value: T) => Problem | null = () => null,
): Promise<FeatureImport<T>> {
  const used = new Set<string>();
  const unusedSlug = slugger(used);
  const read: ReadFeature<T>[] = [];
  const readFeature = (feature: unknown, index: number): FeatureReport => {
    const given = givenId(feature);
    const id = given ?? unusedSlug(nameOf(feature) ?? `place-${index + 1}`);
    const parsed = parse(id, feature);
    const problems: Problem[] = parsed.ok ? [] : [...parsed.problems];
    if (given !== null && used.has(given))
      problems.push({ path: 'id', message: `"${given}" is also the id of a feature above` });
    const objected = parsed.ok && problems.length === 0 ? objection(parsed.value) : null;
    if (objected !== null) problems.push(objected);
    if (!parsed.ok || problems.length > 0) return { index, id, status: 'refused', problems };
    used.add(id);
    read.push({ ...namedFeature(parsed.value, feature), value: parsed.value });
    return { index, id, status: 'imported' };
  };
  const features: FeatureReport[] = [];
  for (const feature of given) {
    if (features.length === MAX_FEATURES)
      throw invalidDocument([{ path: 'features', message: `at most ${MAX_FEATURES} go in one import` }]);
    features.push(readFeature(feature, features.length));
    // A long import must not hold up the acknowledgements that this thread gives to devices.
    if (features.length % FEATURES_AT_A_STRETCH === 0) await setImmediate();
  }
  return { read, features };
}

/** What is kept of something that was parsed out of a Feature. */
export function namedFeature(
  { id, name }: { readonly id: string; readonly name: string },
  feature: unknown,
): NamedFeature {
  const { properties } = feature as FeatureLike;
  return { id, name, feature: { ...(feature as object), id, properties: properties ?? {} } };
}

interface FeatureLike {
  readonly id?: unknown;
  readonly properties?: { readonly id?: unknown; readonly name?: unknown } | null;
}

function givenId(feature: unknown): string | null {
  const { id, properties } = (feature ?? {}) as FeatureLike;
  const given = id ?? properties?.id;
  if (typeof given === 'number') return String(given);
  return typeof given === 'string' ? given : null;
}

function nameOf(feature: unknown): string | null {
  const name = ((feature ?? {}) as FeatureLike).properties?.name;
  return typeof name === 'string' && name.trim() !== '' ? name : null;
}

/** Gives ids made of names. Where a thousand have one name, each number is tried once. */
function slugger(used: ReadonlySet<string>): (name: string) => string {
  const next = new Map<string, number>();
  return (name) => {
    const slug = slugOf(name);
    let number = next.get(slug) ?? 1;
    const numbered = () => (number === 1 ? slug : `${slug}-${number}`);
    while (used.has(numbered())) number += 1;
    next.set(slug, number);
    return numbered();
  };
}

function slugOf(name: string): string {
  return (
    name
      .normalize('NFKD')
      .replaceAll(/\p{Mark}/gu, '')
      .replaceAll('ß', 'ss')
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '')
      .slice(0, MAX_SLUG) || 'place'
  );
}
