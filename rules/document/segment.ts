import { type Condition, compileSegmentCondition, type SegmentScope } from '../condition/condition.ts';
import { consumerOf } from '../condition/situation.ts';
import type { ConsumerFacts } from '../step.ts';
import { collecting, readFields, readId, readText } from './document.ts';
import type { Parsed } from './problem.ts';
import type { Trait } from './trigger.ts';

/** People who have something in common: those for whom a CEL condition over `consumer` is true. */
export interface Segment {
  readonly id: string;
  readonly name: string;
  readonly when: string;
}

/**
 * Reads a segment document: `{id, name, when}`.
 *
 * @param context declared profile traits; none: attributes are not checked
 */
export function parseSegment(
  document: unknown,
  context: { readonly traits?: readonly Trait[] } = {},
): Parsed<Segment> {
  return collecting((report) => {
    const fields = readFields(document, '', ['id', 'name', 'when'], report);
    if (fields === null) return null;
    const id = readId(fields.id, 'id', report);
    const name = fields.name === undefined ? id : readText(fields.name, 'name', report, { max: 200 });
    const when = readText(fields.when, 'when', report, { max: 2000 });
    if (when !== null) {
      const condition = compileSegmentCondition(when, context.traits);
      if (!condition.ok) for (const { path, message } of condition.problems) report(path, message);
    }
    return id === null || name === null || when === null ? null : { id, name, when };
  });
}

/** Segments whose conditions are compiled: made once for as long as they stay. */
export interface SegmentSet {
  /** Ids of those that a consumer is in. Worked out once for the same facts. */
  of(consumer: ConsumerFacts): readonly string[];
  /** Why a consumer is not in a segment, as a sentence. */
  whyNot(consumer: ConsumerFacts, id: string): string;
}

/** A segment whose condition cannot be read any more holds nobody. */
export function compileSegments(segments: readonly Segment[]): SegmentSet {
  const conditions = new Map<string, Condition<SegmentScope>>();
  for (const { id, when } of segments) {
    const condition = compileSegmentCondition(when);
    if (condition.ok) conditions.set(id, condition.value);
  }
  const known = new WeakMap<ConsumerFacts, readonly string[]>();
  return {
    of(consumer) {
      const kept = known.get(consumer);
      if (kept) return kept;
      const scope = scopeOf(consumer);
      const ids: string[] = [];
      for (const [id, condition] of conditions) if (condition.holds(scope)) ids.push(id);
      known.set(consumer, ids);
      return ids;
    },
    whyNot(consumer, id) {
      const condition = conditions.get(id);
      if (condition === undefined) return `there is no segment ${id}`;
      const verdict = condition.evaluate(scopeOf(consumer));
      const why = verdict.kind === 'true' ? '' : `: ${verdict.detail}`;
      return `the consumer is not in the segment ${id}${why}`;
    },
  };
}

const scopeOf = (consumer: ConsumerFacts): SegmentScope => ({ consumer: consumerOf(consumer) });
