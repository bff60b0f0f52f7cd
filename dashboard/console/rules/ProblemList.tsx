import type { ApiFieldProblem } from '../../api/request.ts';
import { sentence } from './problem-words.ts';

/** What is wrong with a rule, each thing at its path. */
export function ProblemList({ problems }: { problems: readonly ApiFieldProblem[] }) {
  return (
    <ul>
      {problems.map(({ path, message }) => (
        <li key={`${path} ${message}`}>
          <code>{path}</code> {sentence(message)}
        </li>
      ))}
    </ul>
  );
}
