/** One thing that is wrong with a document: `trigger.place.tag`, and what to do about it. */
export interface ApiFieldProblem {
  readonly path: string;
  readonly message: string;
}

/** The API said no; the fields are those of its problem document (RFC 9457), or stand-ins where the answer was none. */
export class ApiProblem extends Error {
  readonly status: number;
  /** Stable code of gateway/errors.ts, or `unreachable` where no answer came. */
  readonly code: string;
  /** What the person can do about it. */
  readonly mend: string;
  /** What was wrong this time; may be empty. */
  readonly detail: string;

  /** Each thing that is wrong with a document that was sent, at its path. */
  readonly problems: readonly ApiFieldProblem[];

  constructor(
    status: number,
    code: string,
    title: string,
    mend: string,
    detail = '',
    problems: readonly ApiFieldProblem[] = [],
  ) {
    super(title);
    this.name = 'ApiProblem';
    this.status = status;
    this.code = code;
    this.mend = mend;
    this.detail = detail;
    this.problems = problems;
  }
}

/**
 * Calls the API with the session cookie. Gives the parsed body, or undefined for 204; throws `ApiProblem`, also when the
 * gateway cannot be reached (status 0).
 *
 * @param body goes as JSON; a Blob as it is, under its own type
 * @param more further headers
 */
export async function request<Body>(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  more: Readonly<Record<string, string>> = {},
): Promise<Body> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      credentials: 'same-origin',
      headers: {
        ...more,
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': body instanceof Blob ? body.type : 'application/json' }),
      },
      ...(body === undefined ? {} : { body: body instanceof Blob ? body : JSON.stringify(body) }),
    });
  } catch (error) {
    const problem = new ApiProblem(
      0,
      'unreachable',
      'Wayside cannot be reached',
      'Check the connection and try again.',
    );
    problem.cause = error;
    throw problem;
  }
  if (response.status === 204) return undefined as Body;
  const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
  if (!response.ok) throw problemOf(response, isJson ? await response.json() : null);
  if (!isJson)
    throw new ApiProblem(response.status, 'bad_answer', 'The answer was not understood', 'Reload the page.');
  return (await response.json()) as Body;
}

function problemOf(response: Response, document: unknown): ApiProblem {
  const fields = (typeof document === 'object' && document !== null ? document : {}) as Record<
    string,
    unknown
  >;
  const text = (name: string, fallback: string) =>
    typeof fields[name] === 'string' ? (fields[name] as string) : fallback;
  return new ApiProblem(
    response.status,
    text('code', 'unknown'),
    text('title', `The gateway answered ${response.status}`),
    text('mend', text('detail', 'Try again in a moment.')),
    text('detail', ''),
    Array.isArray(fields.problems) ? (fields.problems as ApiFieldProblem[]) : [],
  );
}
