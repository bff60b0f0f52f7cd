/** What a running gateway answered. */
export interface GatewayAnswer {
  readonly status: number;
  /** Parsed JSON; undefined where there was none. */
  readonly body: unknown;
}

/** Calls of a running gateway's HTTP API. */
export interface GatewayClient {
  /** Sends `body` as JSON. Throws a GatewayUnreachable where no gateway answers; any status is an answer. */
  call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<GatewayAnswer>;
}

/** There was no answer, or none of a gateway. */
export class GatewayUnreachable extends Error {}

/** The gateway answered, and does not do it. */
export class GatewayRefused extends Error {
  readonly status: number;
  /** Lines of problems, where the rule has some. */
  readonly problems: readonly string[];

  constructor(answer: GatewayAnswer) {
    super(problemText(answer));
    this.status = answer.status;
    const { problems } = (answer.body ?? {}) as { problems?: readonly { path: string; message: string }[] };
    this.problems = (problems ?? []).map(({ path, message }) => `${path} ${message}`.trim());
  }
}

const TIMEOUT_MS = 60_000;

/**
 * @param origin such as `http://localhost:8080`
 * @param token bearer token, or null
 */
export function createGatewayClient(origin: string, token: string | null): GatewayClient {
  return {
    async call(method, path, body) {
      const response = await fetch(new URL(path, origin), {
        method,
        headers: {
          accept: 'application/json',
          ...(token !== null && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      }).catch((cause: unknown) => {
        const message = `${origin} does not answer (${innermost(cause)}). Does the gateway run there?`;
        throw new GatewayUnreachable(message, { cause });
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? undefined : parsed(text, origin) };
    },
  };
}

/** What a problem document (RFC 9457) says, in a line. */
export function problemText({ status, body }: GatewayAnswer): string {
  const part = (name: string): string => {
    const value = typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : '';
    return typeof value === 'string' ? value : '';
  };
  const [title, detail, mend] = [part('title'), part('detail'), part('mend')];
  if (title === '') return `the gateway answered with status ${status}`;
  return `${title}${detail === '' ? '' : `: ${detail}`}. ${mend}`.trimEnd();
}

function parsed(text: string, origin: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new GatewayUnreachable(`what answers at ${origin} is no Wayside gateway`, { cause });
  }
}

/** What fetch hides behind "fetch failed". */
function innermost(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return innermost(error.cause);
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors[0]);
  return error.message === '' ? String((error as { code?: unknown }).code ?? error.name) : error.message;
}
