import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { DAY_MS, parseDuration } from '../../../rules/time/duration.ts';
import { parseTime } from '../../http/shapes.ts';
import { Unusable } from '../command-io.ts';
import { readRuleFolder } from '../rules/rule-files.ts';

/** The rule that is to be tried: one that is saved, or a document out of a file. */
export interface AskedRule {
  readonly id: string;
  readonly document?: unknown;
}

export interface AskedSpan {
  readonly from: number;
  readonly to: number;
}

const RULE_FILE = /\.(ya?ml|json)$/i;
const DEFAULT_SPAN_MS = 7 * DAY_MS;

/**
 * Takes the name of a file, or else of a rule.
 *
 * @param wanted of a file with several rules, which
 * @throws Unusable naming what is wrong with the file
 */
export async function askedRule(target: string, wanted: string | undefined, cwd: string): Promise<AskedRule> {
  const path = resolve(cwd, target);
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) {
    if (RULE_FILE.test(target)) throw new Unusable(`there is no file ${target}`);
    return { id: target };
  }
  const { rules, problems } = await readRuleFolder(path, cwd);
  const [problem] = problems;
  if (problem !== undefined) throw new Unusable(`${problem.file}:${problem.line ?? 1} ${problem.message}`);
  const meant = wanted === undefined ? rules : rules.filter(({ id }) => id === wanted);
  const [rule, another] = meant;
  if (rule === undefined)
    throw new Unusable(`there is no rule ${wanted === undefined ? '' : `"${wanted}" `}in ${target}`);
  if (another !== undefined)
    throw new Unusable(`${target} holds ${meant.length} rules; choose one with --rule ID`);
  return { id: rule.id ?? basename(target).replace(RULE_FILE, ''), document: rule.document };
}

/**
 * Reads what time is meant: `to` is now where it is not given, and `from` a week before it; a duration is taken back from `to`.
 *
 * @param now epoch ms
 * @throws Unusable
 */
export function askedSpan(from: string | undefined, to: string | undefined, now: number): AskedSpan {
  const until = to === undefined ? now : parseTime(to);
  if (until === null) throw new Unusable(`--to ${to} is no time; ${TIME_FORMS}`);
  const agoMs = from === undefined ? DEFAULT_SPAN_MS : parseDuration(from);
  const since = agoMs === null ? parseTime(from ?? '') : until - agoMs;
  if (since === null)
    throw new Unusable(`--from ${from} is no time; ${TIME_FORMS}, or a duration such as P7D`);
  if (since >= until) throw new Unusable('--from must be earlier than --to');
  return { from: since, to: until };
}

const TIME_FORMS = 'write 2026-05-01 (a day in UTC), 2026-05-01T08:00:00+02:00, or milliseconds since 1970';
