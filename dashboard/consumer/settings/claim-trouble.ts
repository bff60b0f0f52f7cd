import { ApiProblem } from '../../api/request.ts';

/** What to say where a device could not be linked. */
export function claimTrouble(error: Error): 'devices.wrongCode' | 'devices.tooMany' | 'notSaved' {
  if (!(error instanceof ApiProblem)) return 'notSaved';
  if (error.status === 429) return 'devices.tooMany';
  return error.status >= 400 && error.status < 500 ? 'devices.wrongCode' : 'notSaved';
}
