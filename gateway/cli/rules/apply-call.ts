import { type GatewayAnswer, type GatewayClient, GatewayRefused, problemText } from '../gateway-client.ts';
import { MISSING_ID, problemOf } from './check-offline.ts';
import type { FiledRule, FileProblem, RuleFolder } from './rule-files.ts';

/** What becomes of a rule, as `POST /api/v1/rules/apply` tells it. */
export interface RuleChange {
  readonly id: string;
  readonly change: 'added' | 'changed' | 'state' | 'ended' | 'unchanged';
  readonly version: { readonly from: number | null; readonly to: number };
  readonly state: { readonly from: string | null; readonly to: string };
  readonly diff: readonly string[];
}

/** Rules by id, as they were when the changes were told. */
export type Expected = Readonly<Record<string, { readonly version: number; readonly state?: string }>>;

export type ApplyOutcome =
  | {
      readonly kind: 'changes';
      readonly applied: boolean;
      readonly changes: readonly RuleChange[];
      readonly expected: Expected;
    }
  | { readonly kind: 'problems'; readonly problems: readonly FileProblem[] }
  /** Somebody changed a rule meanwhile. */
  | { readonly kind: 'conflict'; readonly message: string };

export interface ApplyOptions {
  readonly dryRun: boolean;
  readonly prune: boolean;
  readonly expected?: Expected;
}

/**
 * Has a gateway check the rules of a folder, tell what would change, or apply them, all or none.
 *
 * @throws GatewayUnreachable, GatewayRefused
 */
export async function callApply(
  client: GatewayClient,
  folder: RuleFolder,
  options: ApplyOptions,
): Promise<ApplyOutcome> {
  const rules = namedApart(folder.rules);
  const lacking = folder.rules
    .filter(({ id }) => id === null)
    .map((rule) => problemOf(rule, 'id', MISSING_ID));
  const answer = await client.call('POST', '/api/v1/rules/apply', { rules, ...options });
  const { body, status } = answer;
  if (status === 200 && hasChanges(body)) {
    const problems = [...folder.problems, ...lacking];
    return problems.length > 0 ? { kind: 'problems', problems } : { kind: 'changes', ...body };
  }
  if (status === 409) return { kind: 'conflict', message: problemText(answer) };
  if (status === 422 || status === 400) {
    const found = problemsOf(answer, folder.rules);
    if (found.length > 0) return { kind: 'problems', problems: [...folder.problems, ...lacking, ...found] };
  }
  throw new GatewayRefused(answer);
}

/** Rules without an id of their own are checked under one that no other has; they are never applied, for that is a problem. */
function namedApart(
  rules: readonly FiledRule[],
): readonly { readonly id: string; readonly document: unknown }[] {
  const taken = new Set<string>();
  return rules.map(({ id, document }, index) => {
    if (id !== null && !taken.has(id)) {
      taken.add(id);
      return { id, document };
    }
    if (typeof document !== 'object' || document === null || Array.isArray(document))
      return { id: `document-${index}`, document };
    const { id: _, ...rest } = document as Record<string, unknown>;
    return { id: `document-${index}`, document: rest };
  });
}

function problemsOf({ body }: GatewayAnswer, rules: readonly FiledRule[]): readonly FileProblem[] {
  const problems = typeof body === 'object' && body !== null && 'problems' in body ? body.problems : [];
  if (!Array.isArray(problems)) return [];
  return problems.flatMap(
    (problem: { readonly path?: unknown; readonly message?: unknown }): FileProblem[] => {
      // `rules.3.trigger.on`, and `body/rules/3/document/…` where the request itself was refused.
      const [, index, rest = ''] =
        /^(?:body[/])?rules[./](\d+)(?:[./](.*))?$/.exec(String(problem.path)) ?? [];
      const rule = index === undefined ? undefined : rules[Number(index)];
      const message = String(problem.message);
      if (rule === undefined) return [];
      return [problemOf(rule, rest.replace(/^document[/]?/, '').replaceAll('/', '.'), message)];
    },
  );
}

function hasChanges(body: unknown): body is {
  readonly applied: boolean;
  readonly changes: readonly RuleChange[];
  readonly expected: Expected;
} {
  return typeof body === 'object' && body !== null && 'changes' in body && Array.isArray(body.changes);
}
