import { type Condition, compileCondition } from './condition/condition.ts';
import { describeLiquidError } from './document/liquid.ts';
import { type CompiledOffer, compileOffer, type OfferTemplate } from './document/offer-template.ts';
import { type Look, looksOfTrigger, purposesOfLooks } from './document/purposes.ts';
import { offersOf, type Rule } from './document/rule.ts';
import type { MetricTrigger, PlaceTrigger } from './document/trigger.ts';
import type { DeviceType } from './readings/device-type.ts';
import type { Purpose } from './step.ts';

/** A rule that can fire: live, or paused (which decides `rule_paused`). Its texts are compiled when they are first asked for. */
export interface CompiledRule<T = Rule['trigger']> extends CompiledTexts {
  readonly rule: Rule;
  readonly trigger: T;
  readonly version: number;
  readonly paused: boolean;
}

/** What the texts of a rule came to: its condition and its offers. */
interface CompiledTexts {
  readonly condition: Condition | null;
  /** Why nothing can be said of it, where its condition or an offer can no longer be read; else null. */
  readonly fault: string | null;
  readonly purposes: readonly Purpose[];
  /** Whether its condition or an offer of it reads `segments`. */
  readonly readsSegments: boolean;
  /** The offer of a variant; null: its own. */
  offer(variant: string | null): CompiledOffer;
}

export type PlaceRule = CompiledRule<PlaceTrigger>;
export type MetricRule = CompiledRule<MetricTrigger>;

/** Takes a rule that comes from parseRule; nothing is compiled yet. */
export function compileRule<T>(
  rule: Rule,
  trigger: T,
  version: number,
  paused: boolean,
  deviceTypes: readonly DeviceType[],
): CompiledRule<T> {
  let texts: CompiledTexts | null = null;
  const compiled = (): CompiledTexts => {
    texts ??= textsOf(rule, deviceTypes);
    return texts;
  };
  return {
    rule,
    trigger,
    version,
    paused,
    get condition() {
      return compiled().condition;
    },
    get fault() {
      return compiled().fault;
    },
    get purposes() {
      return compiled().purposes;
    },
    get readsSegments() {
      return compiled().readsSegments;
    },
    offer: (variant) => compiled().offer(variant),
  };
}

/** Compiled texts of the rules that are in use, for the device types that they were compiled for. */
const kept = new WeakMap<
  Rule,
  { readonly deviceTypes: readonly DeviceType[]; readonly texts: CompiledTexts }
>();

function textsOf(rule: Rule, deviceTypes: readonly DeviceType[]): CompiledTexts {
  const known = kept.get(rule);
  if (known?.deviceTypes === deviceTypes) return known.texts;
  const texts = compileTexts(rule, deviceTypes);
  kept.set(rule, { deviceTypes, texts });
  return texts;
}

/** What a person must have agreed to before a rule sends anything, derived from all that it reads. */
export function purposesOf(rule: Rule, deviceTypes: readonly DeviceType[]): readonly Purpose[] {
  return textsOf(rule, deviceTypes).purposes;
}

/** All that a rule reads, and where; its texts are compiled for this alone. */
export function looksOf(rule: Rule, deviceTypes: readonly DeviceType[]): readonly Look[] {
  return compileParts(rule, deviceTypes).looks;
}

function compileTexts(rule: Rule, deviceTypes: readonly DeviceType[]): CompiledTexts {
  return compileParts(rule, deviceTypes).texts;
}

function compileParts(
  rule: Rule,
  deviceTypes: readonly DeviceType[],
): { readonly texts: CompiledTexts; readonly looks: readonly Look[] } {
  const condition =
    rule.when === null ? null : compileCondition(rule.when, rule.trigger, { deviceTypes, isSaved: true });
  const compiled = condition?.ok ? condition.value : null;
  const faults: string[] = [];
  if (condition?.ok === false) {
    const problems = condition.problems.map(({ message }) => message).join('; ');
    faults.push(`the condition can no longer be read: ${problems}`);
  }
  const offers = new Map<OfferTemplate, CompiledOffer>();
  for (const offer of offersOf(rule)) {
    try {
      offers.set(offer, compileOffer(offer));
    } catch (error) {
      faults.push(`an offer can no longer be read: ${describeLiquidError(error)}`);
    }
  }
  const looks = [
    ...looksOfTrigger(rule.trigger),
    ...(compiled?.reads ?? []).map((read) => ({ path: 'when', read })),
    ...[...offers].flatMap(([template, offer]) =>
      offer.reads.map((read) => ({ path: pathOfOffer(rule, template), read })),
    ),
  ];
  const texts = {
    condition: compiled,
    fault: faults.length === 0 ? null : faults.join('; '),
    purposes: purposesOfLooks(looks, deviceTypes),
    readsSegments: looks.some(({ read }) => read === 'segments' || read.startsWith('segments.')),
    offer: offerReader(rule, offers),
  };
  return { texts, looks };
}

function pathOfOffer(rule: Rule, template: OfferTemplate): string {
  const index = (rule.experiment?.variants ?? []).findIndex(({ offer }) => offer === template);
  return template === rule.offer ? 'offer' : `experiment.variants[${index}].offer`;
}

function offerReader(
  rule: Rule,
  offers: ReadonlyMap<OfferTemplate, CompiledOffer>,
): (variant: string | null) => CompiledOffer {
  const byVariant = new Map<string | null, CompiledOffer>();
  const put = (variant: string | null, template: OfferTemplate | null) => {
    const offer = template === null ? undefined : offers.get(template);
    if (offer !== undefined) byVariant.set(variant, offer);
  };
  put(null, rule.offer);
  for (const { name, offer } of rule.experiment?.variants ?? []) put(name, offer);
  return (variant) => {
    const offer = byVariant.get(variant);
    if (offer === undefined) throw new Error(`the rule ${rule.id} has no variant ${variant}`);
    return offer;
  };
}
