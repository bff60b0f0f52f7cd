import { ApiProblem } from '../../api/request.ts';
import { sentence } from './problem-words.ts';

/** Why a rule was not saved, in the words of the API. */
export function SaveTrouble({ error }: { error: Error | null }) {
  if (error === null) return null;
  const problems = error instanceof ApiProblem ? error.problems : [];
  return (
    <div className="refusal" role="alert">
      <strong>{error.message}.</strong>{' '}
      {problems.length > 0 ? (
        <ul>
          {problems.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              <code>{path}</code> {sentence(message)}
            </li>
          ))}
        </ul>
      ) : (
        error instanceof ApiProblem && `${error.detail} ${error.mend}`.trim()
      )}
    </div>
  );
}
