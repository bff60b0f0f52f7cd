import type { ASTNode } from '@marcbachmann/cel-js';
import { bindsName, namesIn, textOf, walk } from './ast.ts';

/**
 * What could stall the thread of every subject, or fill its memory.
 *
 * @param isSaved it was saved by a version that took macros within others: two of them over the tags of a place or a written list
 *   are some thousand turns, and go on being evaluated
 */
export function costlyCalls(ast: ASTNode, isSaved: boolean): readonly string[] {
  const problems = new Set<string>();
  walk(ast, (node) => {
    if (node.op !== 'rcall') return;
    // Backtracking on a pattern of the author and a text of a device.
    if (node.args[0] === 'matches')
      problems.add('matches() is not allowed; use startsWith, endsWith or contains');
    if (!bindsName(node)) return;
    // Five of them over 30 tags would be 24 million turns.
    for (const argument of node.args[2]) {
      walk(argument, (inner) => {
        if (bindsName(inner) && !(isSaved && isShort(node, inner)))
          problems.add(
            `${textOf(inner)} stands inside another ${node.args[0]}(), which is not allowed; use in`,
          );
      });
    }
  });
  return [...problems];
}

/** Whether two macros, one in the other and none in that, go over nothing but tags of a place and what the author wrote. */
function isShort(outer: ASTNode, inner: ASTNode): boolean {
  if (outer.op !== 'rcall' || inner.op !== 'rcall') return false;
  const [, over, [variable]] = outer.args;
  const [, innerOver, innerArguments] = inner.args;
  let isDeeper = false;
  for (const argument of innerArguments) walk(argument, (node) => (isDeeper ||= bindsName(node)));
  if (isDeeper || variable?.op !== 'id') return false;
  const isTags = (name: string) => name === 'place.tags';
  return (
    namesIn(over).every(isTags) && namesIn(innerOver).every((name) => isTags(name) || name === variable.args)
  );
}
