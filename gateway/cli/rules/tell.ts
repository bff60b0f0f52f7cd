import type { RuleChange } from './apply-call.ts';
import type { FileProblem } from './rule-files.ts';

export type Style = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';
/** Colours a text, or leaves it as it is where nobody would see colours. */
export type Paint = (style: Style, text: string) => string;

/** Lines of a diff that are told around each change. */
const CONTEXT_LINES = 3;

/** `file:line:column  path  message`, in the order in which people meet them. */
export function problemLines(problems: readonly FileProblem[], paint: Paint): readonly string[] {
  return inOrder(problems).map(({ file, line, column, path, message }) => {
    const where = line === undefined ? file : `${file}:${line}:${column}`;
    return `${paint('bold', where)}  ${path === '' ? '' : `${paint('yellow', path)} `}${message}`;
  });
}

/** The same problems by file and line. */
export function inOrder(problems: readonly FileProblem[]): readonly FileProblem[] {
  return [...problems].sort(
    (a, b) =>
      (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0),
  );
}

/**
 * What changes, rule by rule, with the lines that differ.
 *
 * @param fileOf the file of a rule, or undefined for one that is in none
 */
export function changeLines(
  changes: readonly RuleChange[],
  fileOf: (id: string) => string | undefined,
  paint: Paint,
): readonly string[] {
  const changed = changes.filter(({ change }) => change !== 'unchanged');
  const lines = changed.flatMap((change) => {
    const file = fileOf(change.id);
    const head = `${headOf(change, paint)}${file === undefined ? '' : paint('dim', `  ${file}`)}`;
    return [head, ...shortened(change.diff).map((line) => painted(line, paint))];
  });
  return [...lines, summary(changes)];
}

function headOf({ id, change, version, state }: RuleChange, paint: Paint): string {
  const moved = state.from !== null && state.from !== state.to ? `, ${state.from} → ${state.to}` : '';
  switch (change) {
    case 'added':
      return `${paint('green', `+ ${id}`)}  new, ${state.to}`;
    case 'changed':
      return `${paint('yellow', `~ ${id}`)}  version ${version.from} → ${version.to}${moved || `, ${state.to}`}`;
    case 'state':
      return `${paint('yellow', `~ ${id}`)}  ${state.from} → ${state.to}`;
    case 'ended':
      return `${paint('red', `- ${id}`)}  ends (it is ${state.from}, and in no file)`;
    case 'unchanged':
      return `= ${id}`;
  }
}

function painted(line: string, paint: Paint): string {
  const style = line.startsWith('+') ? 'green' : line.startsWith('-') ? 'red' : 'dim';
  return `    ${paint(style, line)}`;
}

/** Leaves out what is far from any change. */
function shortened(diff: readonly string[]): readonly string[] {
  const near = new Set<number>();
  for (const [index, line] of diff.entries()) {
    if (line.startsWith('  ')) continue;
    for (let by = -CONTEXT_LINES; by <= CONTEXT_LINES; by += 1) near.add(index + by);
  }
  return diff.flatMap((line, index) => {
    if (near.has(index)) return [line];
    return near.has(index - 1) || (index === 0 && diff.length > 0) ? ['  …'] : [];
  });
}

function summary(changes: readonly RuleChange[]): string {
  const count = (kind: RuleChange['change']) => changes.filter(({ change }) => change === kind).length;
  return `${count('added')} new, ${count('changed')} changed, ${count('state')} in another state, ${count('ended')} ended, ${count('unchanged')} unchanged`;
}
