import { createContext, useContext } from 'react';
import type { Purpose } from '../../../rules/step.ts';
import type { ApiFieldProblem } from '../../api/request.ts';
import { type DocumentValue, dotted, type Path, textAt } from './document-fields.ts';
import type { RenderedPreview } from './OfferPreview.tsx';
import { sentence } from './problem-words.ts';

/** What a rule reads of people, and where. */
export interface RuleNeed {
  readonly purpose: Purpose;
  readonly path: string;
  readonly reads: string;
  /** The same as a sentence. */
  readonly why: string;
}

/** What the gateway says of a document that is not saved: POST /api/v1/rules/check. */
export interface RuleCheck {
  readonly problems: readonly ApiFieldProblem[];
  readonly purposes: readonly Purpose[] | null;
  /** Why it needs each of them. */
  readonly needs: readonly RuleNeed[];
  /** The offers as people would read them, with sample values; those that cannot be written are left out. */
  readonly previews?: readonly RenderedPreview[];
}

/** The rule that is being written, for the fields of the form. */
export interface Edit {
  readonly document: DocumentValue;
  /** Sets a value, or takes it out where it is undefined. */
  set(path: Path, value: unknown): void;
  /** Sets several at once. */
  setAll(changes: readonly (readonly [Path, unknown])[]): void;
  /** The person has been at this field, and left it. */
  touch(path: Path): void;
  /** What to say beside a field: nothing while the person has not been there. */
  problemAt(path: Path): string | undefined;
}

export const EditContext = createContext<Edit | null>(null);

export function useEdit(): Edit {
  const edit = useContext(EditContext);
  if (edit === null) throw new Error('a field of the rule form stands outside of it');
  return edit;
}

/** What a field needs: its text, how to change it, and what is wrong with it. */
export function useField(path: Path) {
  const { document, set, touch, problemAt } = useEdit();
  return {
    id: fieldId(dotted(path)),
    value: textAt(document, path),
    problem: problemAt(path),
    set: (value: unknown) => set(path, value),
    onBlur: () => touch(path),
  };
}

/** The id of the control for a dotted path, so that a problem can lead to it. */
export const fieldId = (path: string): string => `field-${path.replaceAll('.', '-')}`;

/** The problem of a path itself, or of what lies below it where no field of its own shows that. */
export function problemOf(
  problems: readonly ApiFieldProblem[],
  path: Path,
  below = false,
): string | undefined {
  const wanted = dotted(path);
  const found = problems.filter(
    (problem) => problem.path === wanted || (below && problem.path.startsWith(`${wanted}.`)),
  );
  return found.length === 0 ? undefined : found.map(({ message }) => sentence(message)).join(' ');
}
