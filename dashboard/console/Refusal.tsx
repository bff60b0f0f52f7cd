import { Alert } from '@mantine/core';
import { ApiProblem } from '../api/request.ts';

/** Why what was asked for was not done. */
export function Refusal({ error }: { error: Error | null }) {
  if (error === null) return null;
  const said = error instanceof ApiProblem && error.detail !== '' ? error.detail : null;
  return (
    <Alert color="red" variant="light" title={error.message} role="alert">
      {said ?? (error instanceof ApiProblem ? error.mend : null)}
    </Alert>
  );
}
