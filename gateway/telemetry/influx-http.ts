import { explain, InfluxError, retryAfterOf } from './influx-answer.ts';

/** InfluxDB 3 names up to a hundred lines in its answer. */
const MOST_ERROR_CHARACTERS = 100_000;

/** Requests to one server. What fails throws `InfluxError`. */
export interface InfluxHttp {
  /** Gives an answer of 2xx, its body unread. `init.signal` ends it early. */
  ask(path: string, init: RequestInit, timeoutMs: number): Promise<Response>;
  /** The error for an answer that is no success. */
  refused(status: number, body: string, retryAfter: string | null): InfluxError;
  /** The error for an answer that did not come, or not whole. */
  unanswered(error: unknown): InfluxError;
}

/**
 * By `fetch`, which closes the connection of a request that is given up.
 *
 * @param url without user, password and a slash at its end
 * @param headers of every request
 */
export function createInfluxHttp(url: string, headers: Readonly<Record<string, string>>): InfluxHttp {
  const http: InfluxHttp = {
    async ask(path, init, timeoutMs) {
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        const response = await fetch(`${url}${path}`, {
          ...init,
          headers: { ...headers, ...init.headers },
          // Followed, a POST would become a GET, and its answer a success.
          redirect: 'manual',
          signal: init.signal ? AbortSignal.any([init.signal, timeout]) : timeout,
        });
        if (response.ok) return response;
        const text = await beginningOf(response);
        throw http.refused(response.status, text, response.headers.get('retry-after'));
      } catch (error) {
        throw error instanceof InfluxError ? error : http.unanswered(error);
      }
    },
    refused(status, body, retryAfter) {
      return new InfluxError(explain(status, body, url), {
        status,
        body,
        retryAfterMs: retryAfterOf(retryAfter),
      });
    },
    unanswered(error) {
      return new InfluxError(`InfluxDB at ${url} does not answer: ${reasonOf(error)}`, {
        timedOut: error instanceof Error && error.name === 'TimeoutError',
        cause: error,
      });
    },
  };
  return http;
}

/** As much of an answer as may be needed, however much comes. */
async function beginningOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const part of response.body ?? []) {
    text += decoder.decode(part, { stream: true });
    if (text.length >= MOST_ERROR_CHARACTERS) break;
  }
  return text.slice(0, MOST_ERROR_CHARACTERS);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
