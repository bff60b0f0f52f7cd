import { type Problem, WaysideError } from '../errors.ts';

/** What is wrong with a request. @param path such as `query/to` */
export function badField(path: string, message: string): WaysideError {
  return badRequest([{ path, message }]);
}

/** All that is wrong with a request, the first of it in words. */
export function badRequest(problems: readonly Problem[]): WaysideError {
  return refused('bad_request', problems);
}

/** All that is wrong with a document, the first of it in words. */
export function invalidDocument(problems: readonly Problem[]): WaysideError {
  return refused('invalid_document', problems);
}

function refused(code: 'bad_request' | 'invalid_document', problems: readonly Problem[]): WaysideError {
  const [first] = problems;
  const detail =
    first === undefined ? 'it is not of the expected form' : `${first.path} ${first.message}`.trim();
  return new WaysideError(code, detail, { problems });
}
