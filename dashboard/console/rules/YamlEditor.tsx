import { useId, useMemo, useRef } from 'react';
import type { ApiFieldProblem } from '../../api/request.ts';
import { sentence } from './problem-words.ts';
import { hasComments, lineOf, type RuleText } from './rule-text.ts';

interface Props {
  readonly rule: RuleText;
  readonly problems: readonly ApiFieldProblem[];
  readonly onChange: (text: string) => void;
}

interface LineProblem {
  readonly key: string;
  readonly line: number | null;
  readonly path: string;
  readonly message: string;
}

/** The rule as YAML: the same document as the form's, with its problems at their lines. */
export function YamlEditor({ rule, problems, onChange }: Props) {
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const gutter = useRef<HTMLPreElement>(null);
  const { text } = rule;
  const found = useMemo((): readonly LineProblem[] => {
    if (!rule.ok)
      return rule.problems.map(({ line, message }, index) => ({
        key: String(index),
        line,
        path: '',
        message,
      }));
    return problems.map(({ path, message }) => ({
      key: `${path} ${message}`,
      line: lineOf(
        rule.text,
        path.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part)),
      ),
      path,
      message: sentence(message),
    }));
  }, [rule, problems]);
  const bad = new Set(found.map(({ line }) => line));
  const lines = text.split('\n').length;
  const goTo = (line: number) => {
    const start =
      text
        .split('\n')
        .slice(0, line - 1)
        .join('\n').length + (line > 1 ? 1 : 0);
    const end = text.indexOf('\n', start);
    area.current?.focus();
    area.current?.setSelectionRange(start, end < 0 ? text.length : end);
  };
  return (
    <section className="yaml" aria-label="The rule as YAML">
      <p className="soft" id={`${id}-help`}>
        The same rule as in the form.{' '}
        {hasComments(text)
          ? 'Comments stay while you write here, and are not saved with the rule: keep them in a file of your own.'
          : 'Comments would not be saved.'}
      </p>
      <div className="yaml-box surface">
        <pre ref={gutter} className="yaml-gutter" aria-hidden="true">
          {Array.from({ length: lines }, (_, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a line is its number
            <span key={index} className={bad.has(index + 1) ? 'yaml-bad' : undefined}>
              {index + 1}
              {'\n'}
            </span>
          ))}
        </pre>
        <textarea
          ref={area}
          aria-label="YAML of the rule"
          aria-describedby={`${id}-help`}
          aria-invalid={found.length > 0}
          spellCheck={false}
          autoCapitalize="off"
          rows={Math.max(16, lines + 1)}
          wrap="off"
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
          onScroll={(event) => {
            if (gutter.current !== null) gutter.current.scrollTop = event.currentTarget.scrollTop;
          }}
        />
      </div>
      {found.length > 0 && (
        <ul className="yaml-problems">
          {found.map(({ key, line, path, message }) => (
            <li key={key}>
              {line !== null && (
                <button type="button" className="mend" onClick={() => goTo(line)}>
                  Line {line}
                </button>
              )}{' '}
              {path !== '' && <code>{path}</code>} {message}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
