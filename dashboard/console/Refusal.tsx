import { ApiProblem } from '../api/request.ts';

/** Why what was asked for was not done. */
export function Refusal({ error }: { error: Error | null }) {
  if (error === null) return null;
  const said = error instanceof ApiProblem && error.detail !== '' ? error.detail : null;
  return (
    <p className="refusal" role="alert">
      <strong>{error.message}.</strong> {said ?? (error instanceof ApiProblem ? error.mend : null)}
    </p>
  );
}
