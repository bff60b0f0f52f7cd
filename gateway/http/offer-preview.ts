import type { Situation } from '../../rules/condition/situation.ts';
import { collecting } from '../../rules/document/document.ts';
import { compileOffer, readOffer } from '../../rules/document/offer-template.ts';
import type { RuleContext, Trigger } from '../../rules/document/trigger.ts';
import type { DeviceType, MetricType } from '../../rules/readings/device-type.ts';
import type { MetricValue } from '../../rules/readings/reading.ts';
import { timestamp } from '../../rules/time/timestamp.ts';
import { listPlaces } from '../records/places.ts';
import type { HttpDependencies } from './dependencies.ts';

/** An offer as somebody would read it, with sample values for what is not known before it happens. */
export interface OfferPreview {
  /** Where the offer stands in the document: `offer`, or `experiment.variants.0.offer`. */
  readonly path: string;
  readonly title: string;
  readonly body: string;
  readonly url?: string;
  readonly image?: string;
}

/** Knows all names, so that an offer shows while its trigger is still being written. */
const ANY_TRIGGER: Trigger = { kind: 'place', place: { kind: 'tag', tag: 'any' }, on: 'enter' };
const SAMPLE_CODE = 'A1B2C3';
const MOST_VARIANTS = 10;

/** The offers of a rule document that can be written out; those that have problems are left out. */
export async function previewOffers(
  deps: Pick<HttpDependencies, 'records' | 'clock'>,
  document: unknown,
  context: RuleContext,
): Promise<OfferPreview[]> {
  const found = offersIn(document);
  if (found.length === 0) return [];
  const now = deps.clock.now();
  const situation = sampleSituation(context.deviceTypes, await samplePlace(deps, document), now);
  return found.flatMap(({ path, value }) => {
    const offer = collecting((report) => readOffer(value, path, ANY_TRIGGER, context, report));
    if (!offer.ok) return [];
    const rendered = compileOffer(offer.value).render(
      situation,
      now,
      offer.value.code === null ? null : SAMPLE_CODE,
    );
    if (!rendered.ok) return [];
    const { title, body, url, image } = rendered.offer;
    return [{ path, title, body, ...(url && { url }), ...(image && { image }) }];
  });
}

function offersIn(document: unknown): readonly { readonly path: string; readonly value: unknown }[] {
  const variants = fieldOf(fieldOf(document, 'experiment'), 'variants');
  const of = (path: string, holder: unknown) => {
    const value = fieldOf(holder, 'offer');
    return value === undefined ? [] : [{ path, value }];
  };
  return [
    ...of('offer', document),
    ...(Array.isArray(variants) ? variants.slice(0, MOST_VARIANTS) : []).flatMap((variant, index) =>
      of(`experiment.variants.${index}.offer`, variant),
    ),
  ];
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

type SamplePlace = NonNullable<Situation['place']>;

/** A place that the trigger means, so that its name is a real one. */
async function samplePlace(
  { records }: Pick<HttpDependencies, 'records'>,
  document: unknown,
): Promise<SamplePlace> {
  const selector = fieldOf(fieldOf(document, 'trigger'), 'place');
  const [id, tag] = [fieldOf(selector, 'id'), fieldOf(selector, 'tag')];
  const made = { id: 'corner-cafe', name: 'Corner Café', tags: typeof tag === 'string' ? [tag] : [] };
  if (typeof id === 'string') {
    const place = await records
      .selectFrom('places')
      .select(['id', 'name'])
      .where('id', '=', id)
      .executeTakeFirst();
    return place === undefined ? made : { ...place, tags: [] };
  }
  if (typeof tag !== 'string' || tag === '') return made;
  const { items } = await listPlaces(records, { limit: 1 }, { tag });
  const [first] = items;
  return first === undefined ? made : { id: first.id, name: first.name, tags: [tag] };
}

function sampleSituation(types: readonly DeviceType[], place: SamplePlace, now: number): Situation {
  const metrics: Record<string, MetricValue> = {};
  for (const type of types)
    for (const [name, metric] of Object.entries(type.metrics)) metrics[name] ??= sampleValue(metric);
  return {
    device: { id: 'device-1', type: types[0]?.id ?? 'phone' },
    metrics,
    position: { lat: 45.4642, lon: 9.19, accuracy: 8, speed: 3, heading: 90, altitude: 120 },
    place,
    visit: { id: 'visit-1', enteredAt: timestamp(now) },
    consumer: { id: 'ada', timezone: 'Europe/Rome', attributes: {} },
    segments: [],
    now: timestamp(now),
  };
}

/** What such a thing usually is, by its unit; else the middle of what it can be. */
const USUAL: Readonly<Record<string, number>> = {
  ratio: 0.42,
  '1/min': 72,
  '°C': 21,
  m: 1200,
  'm/s': 12,
  l: 0.8,
};

function sampleValue({ kind, unit, min, max }: MetricType): MetricValue {
  switch (kind) {
    case 'boolean':
      return true;
    case 'string':
      return 'sample';
    case 'number': {
      const usual = USUAL[unit] ?? ((min ?? 0) + (max ?? 100)) / 2;
      return Math.min(Math.max(usual, min ?? usual), max ?? usual);
    }
  }
}
