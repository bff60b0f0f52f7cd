import { parseDocument } from 'yaml';
import { parseRule } from '../../rules/rule.ts';
import { WaysideError } from '../errors.ts';
import { placeIds, placeTags } from '../records/places.ts';
import type { RuleState } from '../records/schema.ts';
import type { HttpApp } from './context.ts';
import type { HttpDependencies } from './dependencies.ts';

/** Aliases that a YAML document may expand to: more is an attack ("billion laughs"), not a rule. */
const MAX_ALIASES = 100;

const YAML_TYPES = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml'];

/** Takes YAML bodies on the routes of `app`. */
export function readYamlBodies(app: HttpApp): void {
  app.addContentTypeParser(YAML_TYPES, { parseAs: 'string' }, async (_request: unknown, text: string) => {
    const document = parseDocument(text, { prettyErrors: true });
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
  readonly state: unknown;
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
  const { state = null, ...rest } = body as Record<string, unknown>;
  const document = { id, ...rest };
  if (document.id !== id) {
    throw invalid([
      { path: 'id', message: `must be "${id}", the id in the address, found ${JSON.stringify(document.id)}` },
    ]);
  }
  const parsed = parseRule(document, {
    deviceTypes: deps.deviceTypes,
    placeIds: await placeIds(deps.records),
    tags: await placeTags(deps.records),
  });
  if (!parsed.ok) throw invalid(parsed.problems);
  return { document, state };
}

function invalid(problems: readonly { readonly path: string; readonly message: string }[]): WaysideError {
  const [first] = problems;
  const detail = first === undefined ? 'the rule has problems' : `${first.path} ${first.message}`.trim();
  return new WaysideError('invalid_document', detail, { problems });
}

export const RULE_STATES: readonly RuleState[] = ['draft', 'live', 'paused', 'ended'];

/** The state that was asked for, in the address or in the document. Throws `invalid_document`. */
export function wantedState(inQuery: RuleState | undefined, inDocument: unknown): RuleState | null {
  if (inQuery !== undefined) return inQuery;
  if (inDocument === null) return null;
  const state = RULE_STATES.find((known) => known === inDocument);
  if (state !== undefined) return state;
  throw invalid([{ path: 'state', message: `must be one of ${RULE_STATES.join(', ')}` }]);
}
