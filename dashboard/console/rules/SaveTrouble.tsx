import { ApiProblem } from '../../api/request.ts';
import { ProblemList } from './ProblemList.tsx';

/** Why a rule was not saved, in the words of the API. */
export function SaveTrouble({ error }: { error: Error | null }) {
  if (error === null) return null;
  const problems = error instanceof ApiProblem ? error.problems : [];
  return (
    <div className="refusal" role="alert">
      <strong>{error.message}.</strong>{' '}
      {problems.length > 0 ? (
        <ProblemList problems={problems} />
      ) : (
        error instanceof ApiProblem && `${error.detail} ${error.mend}`.trim()
      )}
    </div>
  );
}
