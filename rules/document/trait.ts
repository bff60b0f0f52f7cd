import { collecting, describeFound, readChoice, readFields, readText } from './document.ts';
import type { Parsed } from './problem.ts';
import type { Trait } from './trigger.ts';

/** As CEL takes it after a dot; what begins with two underscores, and `constructor`, means something to JavaScript. */
const NAME = /^(?!__|constructor$)[A-Za-z_][A-Za-z0-9_]{0,63}$/;
export const TRAIT_KINDS = ['number', 'boolean', 'string'] as const;

/** A trait with what it means, for people who write conditions. */
export interface DescribedTrait extends Trait {
  readonly description?: string;
}

/** Reads a trait: `{name, kind, description}`. */
export function parseTrait(document: unknown): Parsed<DescribedTrait> {
  return collecting((report) => {
    const fields = readFields(document, '', ['name', 'kind', 'description'], report);
    if (fields === null) return null;
    const { name } = fields;
    const isName = typeof name === 'string' && NAME.test(name);
    if (!isName)
      report(
        'name',
        `must be 1 to 64 letters, digits and _, no digit and no __ first, as conditions write it after consumer.attributes. (found ${describeFound(name)})`,
      );
    const kind = readChoice(fields.kind, 'kind', report, TRAIT_KINDS);
    const description =
      fields.description === undefined
        ? undefined
        : readText(fields.description, 'description', report, { max: 500 });
    if (!isName || kind === null || description === null) return null;
    return { name, kind, ...(description !== undefined && { description }) };
  });
}
