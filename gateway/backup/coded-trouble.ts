import { WaysideError } from '../errors.ts';

/** Trouble with files as an error that people meet; what is none stays as it is. @param directory which would be full */
export function codedTrouble(error: unknown, directory: string): unknown {
  if (!(error instanceof Error) || error instanceof WaysideError) return error;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC') return new WaysideError('disk_full', directory, { cause: error });
  return syscall === undefined ? error : new WaysideError('path_unusable', error.message, { cause: error });
}
