import { join, type Report, readFields, readList, readNumber, readText } from './document.ts';
import type { OfferTemplate } from './offer-template.ts';

/** Tries offers against each other, and against none. */
export interface Experiment {
  /** Share of people who get nothing, 0 to 1: who they are never changes for this rule. */
  readonly holdout: number;
  /** Empty: everybody else gets the rule's own offer. */
  readonly variants: readonly Variant[];
}

export interface Variant {
  readonly name: string;
  /** Its share of people is its weight among all weights. */
  readonly weight: number;
  readonly offer: OfferTemplate;
}

const MOST_VARIANTS = 10;
const LARGEST_WEIGHT = 1000;
/** More than this held out is a mistake: then the rule is an experiment with no treatment. */
const LARGEST_HOLDOUT = 0.9;

/**
 * Reads `experiment`. A variant without an offer has the rule's own.
 *
 * @param ownOffer the rule's; null: it has none
 */
export function readExperiment(
  value: unknown,
  ownOffer: OfferTemplate | null,
  hasOwnOffer: boolean,
  report: Report,
  readOffer: (value: unknown, path: string) => OfferTemplate | null,
): Experiment | null {
  const fields = readFields(value, 'experiment', ['holdout', 'variants'], report);
  if (fields === null) return null;
  if (fields.holdout === undefined && fields.variants === undefined)
    report('experiment', 'must have holdout or variants');
  const holdout =
    fields.holdout === undefined
      ? 0
      : readNumber(fields.holdout, 'experiment.holdout', report, { min: 0, max: LARGEST_HOLDOUT });
  const variants =
    fields.variants === undefined
      ? []
      : readList(
          fields.variants,
          'experiment.variants',
          report,
          { min: 1, max: MOST_VARIANTS },
          (one, path) => readVariant(one, path, ownOffer, hasOwnOffer, report, readOffer),
        );
  if (variants !== null) refuseTwins(variants, report);
  return holdout === null || variants === null ? null : { holdout, variants };
}

function readVariant(
  value: unknown,
  path: string,
  ownOffer: OfferTemplate | null,
  hasOwnOffer: boolean,
  report: Report,
  readOffer: (value: unknown, path: string) => OfferTemplate | null,
): Variant | null {
  const fields = readFields(value, path, ['name', 'weight', 'offer'], report);
  if (fields === null) return null;
  const name = readText(fields.name, join(path, 'name'), report, { max: 64 });
  const weight =
    fields.weight === undefined
      ? 1
      : readNumber(fields.weight, join(path, 'weight'), report, { min: 0.01, max: LARGEST_WEIGHT });
  const offer = fields.offer === undefined ? ownOffer : readOffer(fields.offer, join(path, 'offer'));
  if (fields.offer === undefined && !hasOwnOffer)
    report(join(path, 'offer'), 'must be there, for the rule has no offer of its own');
  return name === null || weight === null || offer === null ? null : { name, weight, offer };
}

function refuseTwins(variants: readonly Variant[], report: Report): void {
  const names = new Set<string>();
  for (const { name } of variants) {
    if (names.has(name)) report('experiment.variants', `two variants have the name "${name}"`);
    names.add(name);
  }
}
