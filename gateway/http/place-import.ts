import { setImmediate } from 'node:timers/promises';
import { type Place, parsePlace } from '../../rules/place.ts';
import { type Problem, WaysideError } from '../errors.ts';

/** What became of one feature of an import. */
export type FeatureReport =
  | { readonly index: number; readonly id: string; readonly status: 'imported' }
  | {
      readonly index: number;
      readonly id: string;
      readonly status: 'refused';
      readonly problems: readonly Problem[];
    };

export interface PlaceImport {
  readonly places: readonly { readonly id: string; readonly name: string; readonly feature: object }[];
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
  throw invalid('type', 'must be a GeoJSON FeatureCollection with a list of features');
}

/**
 * Reads features one by one; one that is wrong does not keep the others out. A place's id is `feature.id` or
 * `properties.id`, else made of its name, with a number behind it where that repeats: importing the same file again
 * replaces the same places.
 *
 * @throws WaysideError `invalid_document` where there are too many
 */
export async function readPlaceImport(given: Iterable<unknown>): Promise<PlaceImport> {
  const used = new Set<string>();
  const places: { id: string; name: string; feature: object }[] = [];
  const readFeature = (feature: unknown, index: number): FeatureReport => {
    const given = givenId(feature);
    const id = given ?? unusedSlug(nameOf(feature) ?? `place-${index + 1}`, used);
    const parsed = parsePlace(id, feature);
    const problems: Problem[] = parsed.ok ? [] : [...parsed.problems];
    if (given !== null && used.has(given))
      problems.push({ path: 'id', message: `"${given}" is also the id of a feature above` });
    if (!parsed.ok || problems.length > 0) return { index, id, status: 'refused', problems };
    used.add(id);
    places.push(storedPlace(parsed.value, feature));
    return { index, id, status: 'imported' };
  };
  const features: FeatureReport[] = [];
  for (const feature of given) {
    if (features.length === MAX_FEATURES)
      throw invalid('features', `at most ${MAX_FEATURES} go in one import`);
    features.push(readFeature(feature, features.length));
    // A long import must not hold up the acknowledgements that this thread gives to devices.
    if (features.length % FEATURES_AT_A_STRETCH === 0) await setImmediate();
  }
  return { places, features };
}

/** What is kept of a parsed place: the Feature as it was given, under its final id. */
export function storedPlace(place: Place, feature: unknown): { id: string; name: string; feature: object } {
  const { properties } = feature as FeatureLike;
  return {
    id: place.id,
    name: place.name,
    feature: { ...(feature as object), id: place.id, properties: properties ?? {} },
  };
}

function invalid(path: string, message: string): WaysideError {
  return new WaysideError('invalid_document', `${path} ${message}`, { problems: [{ path, message }] });
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

function unusedSlug(name: string, used: ReadonlySet<string>): string {
  const slug =
    name
      .normalize('NFKD')
      .replaceAll(/\p{Mark}/gu, '')
      .replaceAll('ß', 'ss')
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '')
      .slice(0, MAX_SLUG) || 'place';
  if (!used.has(slug)) return slug;
  let number = 2;
  while (used.has(`${slug}-${number}`)) number += 1;
  return `${slug}-${number}`;
}
