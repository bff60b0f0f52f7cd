import { ApiProblem } from '../api/request.ts';
import { Refusal } from './Refusal.tsx';

/** Why it was not saved: every problem with what it is about, or in one sentence where there is only one. */
export function Problems({ error }: { error: Error | null }) {
  const problems = error instanceof ApiProblem ? error.problems : [];
  if (error === null || problems.length < 2) return <Refusal error={error} />;
  return (
    <div className="refusal" role="alert">
      <strong>{error.message}.</strong>
      <ul>
        {problems.map(({ path, message }) => (
          <li key={`${path} ${message}`}>
            <code>{path}</code> {message}
          </li>
        ))}
      </ul>
    </div>
  );
}
