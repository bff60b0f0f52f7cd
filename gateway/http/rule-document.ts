import { parseDocument } from 'yaml';
import type { RuleContext } from '../../rules/document/trigger.ts';
import type { DeviceType } from '../../rules/readings/device-type.ts';
import { WaysideError } from '../errors.ts';
import { listDeviceTypes } from '../records/device-types.ts';
import { placeTags } from '../records/place-tags.ts';
import { placeIdsFor } from '../records/places.ts';
import { ruleNames } from '../records/rule-uses.ts';
import { type CheckedRule, checkRuleDocument } from './checked-rule.ts';
import type { HttpApp } from './context.ts';
import type { HttpDependencies } from './dependencies.ts';
import { invalidDocument } from './refused.ts';

/** Aliases that a YAML document may expand to: more is an attack ("billion laughs"), not a rule. */
const MAX_ALIASES = 100;

/** The socket thread parses it; the cost grows with the square of the keys: 85 ms for this much, 7 s for 256 KiB (measured). */
const MAX_YAML_BYTES = 32 * 1024;

const YAML_TYPES = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml'];

/** Takes YAML bodies on the routes of `app`. */
export function readYamlBodies(app: HttpApp): void {
  const options = { parseAs: 'string', bodyLimit: MAX_YAML_BYTES } as const;
  app.addContentTypeParser(YAML_TYPES, options, async (_request: unknown, text: string) => {
    // A key that is a list or an object would be written out as text, and each within another doubles its length.
    const document = parseDocument(text, { prettyErrors: true, stringKeys: true });
    const problems = document.errors.map(({ message, linePos }) => ({
      path: linePos === undefined ? 'body' : `line ${linePos[0].line}, column ${linePos[0].col}`,
      // The place is in the path, and the drawing of it is for terminals.
      message: message.replace(/ at line \d+, column \d+:\n.*$/s, ''),
    }));
    const [first] = problems;
    if (first !== undefined) {
      throw new WaysideError('invalid_document', `the YAML cannot be read: ${first.path}: ${first.message}`, {
        problems,
      });
    }
    try {
      return document.toJS({ maxAliasCount: MAX_ALIASES });
    } catch (cause) {
      throw new WaysideError('invalid_document', 'the YAML holds too many aliases', { cause });
    }
  });
}

/**
 * What rules are checked against now.
 *
 * @param documents the rules: of a million places, only those that they name are looked up
 */
export async function ruleContext(
  { records }: Pick<HttpDependencies, 'records'>,
  documents: readonly unknown[],
): Promise<RuleContext> {
  const deviceTypes = await listDeviceTypes(records);
  return {
    deviceTypes,
    deviceTypeIds: deviceTypes.map(({ id }) => id),
    placeIds: await placeIdsFor(records, documents.flatMap(placeNamed)),
    tags: await placeTags(records),
    ...(await ruleNames(records)),
  };
}

/** The place that a rule waits at, as far as its document is of the expected form. */
function placeNamed(document: unknown): readonly string[] {
  const { trigger } = (document ?? {}) as {
    readonly trigger?: { readonly place?: { readonly id?: unknown } | null } | null;
  };
  const id = trigger?.place?.id;
  return typeof id === 'string' ? [id] : [];
}

/**
 * Checks a rule that was sent to `/rules/{id}` against the places and device types that there are.
 *
 * @throws WaysideError `invalid_document` with every problem
 */
export async function readRuleDocument(
  deps: HttpDependencies,
  id: string,
  body: unknown,
): Promise<CheckedRule & { readonly deviceTypes: readonly DeviceType[] }> {
  const context = await ruleContext(deps, [body]);
  const checked = checkRuleDocument(id, body, context);
  if (checked.ok) return { ...checked.value, deviceTypes: context.deviceTypes };
  throw invalidDocument(checked.problems);
}
