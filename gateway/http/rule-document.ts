import { parseDocument } from 'yaml';
import { describeFound } from '../../rules/document.ts';
import { parseRule } from '../../rules/rule.ts';
import { type Problem, WaysideError } from '../errors.ts';
import { listDeviceTypes } from '../records/device-types.ts';
import { placeIds, placeTags } from '../records/places.ts';
import type { RuleState } from '../records/schema.ts';
import type { HttpApp } from './context.ts';
import type { HttpDependencies } from './dependencies.ts';

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
      message: message.split('\n', 1)[0] ?? message,
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

/** A rule document as given, checked against the places and device types that there are. */
export interface RuleDocument {
  readonly document: object;
  /** `state` of the document, which is no part of the rule itself; null where not given. */
  readonly state: RuleState | null;
}

/**
 * Checks a rule that was sent to `/rules/{id}`.
 *
 * @throws WaysideError `invalid_document` with every problem
 */
export async function readRuleDocument(
  deps: HttpDependencies,
  id: string,
  body: unknown,
): Promise<RuleDocument> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalid([{ path: '', message: 'must be a rule document: an object' }]);
  }
  const { state: wanted, ...rest } = body as Record<string, unknown>;
  const document = { id, ...rest };
  // With the id of the address, so that another one in the document is told beside all else, and once.
  const parsed = parseRule(
    { ...document, id },
    {
      deviceTypes: await listDeviceTypes(deps.records),
      placeIds: await placeIds(deps.records),
      tags: await placeTags(deps.records),
    },
  );
  const problems: Problem[] = parsed.ok ? [] : [...parsed.problems];
  if (rest.id !== undefined && rest.id !== id) {
    const message = `must be "${id}", the id in the address; found ${describeFound(rest.id)}`;
    problems.unshift({ path: 'id', message });
  }
  const state = wanted == null ? null : RULE_STATES.find((known) => known === wanted);
  if (state === undefined) {
    const message = `must be one of ${RULE_STATES.join(', ')}; found ${describeFound(wanted)}`;
    problems.push({ path: 'state', message });
  }
  if (state === undefined || problems.length > 0) throw invalid(problems);
  return { document, state };
}

function invalid(problems: readonly { readonly path: string; readonly message: string }[]): WaysideError {
  const [first] = problems;
  const detail = first === undefined ? 'the rule has problems' : `${first.path} ${first.message}`.trim();
  return new WaysideError('invalid_document', detail, { problems });
}

export const RULE_STATES: readonly RuleState[] = ['draft', 'live', 'paused', 'ended'];
