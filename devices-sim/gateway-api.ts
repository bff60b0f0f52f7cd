/** Calls of the gateway's HTTP API. */
export interface GatewayApi {
  /**
   * Sends `body` as JSON (a string as YAML), and gives the parsed answer, undefined for an empty one.
   * Throws a GatewayApiError for an answer of 400 and above, and when the gateway cannot be reached.
   */
  call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
}

/** Says what failed and, as far as the gateway told, why and what to do. */
export class GatewayApiError extends Error {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** Stable code of the problem document; empty where there was none. */
  readonly code: string;

  constructor(message: string, status: number, code: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'GatewayApiError';
    this.status = status;
    this.code = code;
  }
}

const TIMEOUT_MS = 20_000;

/**
 * @param origin for example `http://localhost:8080`
 * @param token bearer token; null for calls that need none
 */
export function createGatewayApi(origin: string, token: string | null): GatewayApi {
  return {
    async call(method, path, body) {
      const isYaml = typeof body === 'string';
      const response = await fetch(new URL(path, origin), {
        method,
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': isYaml ? 'application/yaml' : 'application/json' }),
        },
        ...(body === undefined ? {} : { body: isYaml ? body : JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      }).catch((error: unknown) => {
        throw new GatewayApiError(
          `${origin} does not answer (${reasonOf(error)}). Is the gateway running there?`,
          0,
          '',
          error,
        );
      });
      const text = await response.text();
      if (!response.ok) throw problemOf(`${method} ${path}`, response.status, text);
      return text === '' ? undefined : JSON.parse(text);
    },
  };
}

/** A text that an answer must hold. Throws an Error that names it where it is not there. */
export function textField(answer: unknown, name: string): string {
  const value =
    typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>)[name] : undefined;
  if (typeof value !== 'string') throw new Error(`the gateway's answer has no ${name}`);
  return value;
}

/** The innermost message of an error: what fetch hides behind "fetch failed". */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  // Errors of sockets may have no message of their own.
  return error.message === '' ? String((error as { code?: unknown }).code ?? error.name) : error.message;
}

/** RFC 9457 problem documents, as the gateway gives them. */
function problemOf(call: string, status: number, text: string): GatewayApiError {
  const document = parseObject(text);
  const part = (name: string) => (typeof document[name] === 'string' ? (document[name] as string) : '');
  const problems = Array.isArray(document.problems)
    ? document.problems.map((problem) => JSON.stringify(problem))
    : [];
  const told = [
    [part('title'), part('detail')].filter((text) => text !== '').join(': '),
    ...problems,
    part('mend'),
  ]
    .filter((sentence) => sentence !== '')
    .map((sentence) => (/[.!?}]$/.test(sentence) ? sentence : `${sentence}.`))
    .join(' ');
  return new GatewayApiError(
    `${call} was answered with ${status}: ${told === '' ? text.slice(0, 200) : told}`,
    status,
    part('code'),
  );
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // Not from the gateway itself (a proxy's page, say): the caller shows its first characters.
    return {};
  }
}
