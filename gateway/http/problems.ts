import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { ERRORS, type ErrorCode, type Problem, WaysideError } from '../errors.ts';
import { badRequest } from './refused.ts';
import { PATTERNS_IN_WORDS } from './shapes.ts';
import { BackoffError } from './sign-in-backoff.ts';

/** RFC 9457, with what this API adds: `code`, `mend`, `requestId`, `problems`. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly mend: string;
  readonly requestId: string;
  readonly problems?: readonly Problem[];
}

/** Enough for what is wrong with a folder of rules, and bounded. */
const MAX_PROBLEMS = 1_000;

/** Fastify's own errors by their codes; any other 4xx of its is `bad_request`. */
const FASTIFY_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'bad_json',
  FST_ERR_NOT_FOUND: 'not_found',
};

const NO_JSON =
  'the body is no JSON, or has a field called __proto__ or a constructor with a prototype, which is never taken';

/** Answers an error with a problem document, and logs it where it is ours to mend. */
export function answerError(thrown: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const error = codedError(thrown);
  if (error.status >= 500) {
    request.log.error({ err: thrown, requestId: request.id, code: error.code }, 'request failed');
  }
  sendProblem(request, reply, error);
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: WaysideError): void {
  if (error instanceof BackoffError) reply.header('retry-after', error.retryAfterSeconds);
  else if (error.retry) reply.header('retry-after', 1);
  if (error.code === 'not_signed_in') reply.header('www-authenticate', 'Bearer');
  reply
    .code(error.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .header('cache-control', 'no-store')
    .serializer(JSON.stringify)
    .send(problemDocument(error, request.id));
}

export function problemDocument(error: WaysideError, requestId: string): ProblemDocument {
  const { title, mend, status } = ERRORS[error.code];
  return {
    type: `/api/docs#${error.code}`,
    title,
    status,
    detail: error.detail,
    code: error.code,
    mend,
    requestId,
    ...(error.problems.length > 0 && { problems: error.problems.slice(0, MAX_PROBLEMS) }),
  };
}

function codedError(thrown: FastifyError): WaysideError {
  if (thrown instanceof WaysideError) return thrown;
  if (thrown.validation !== undefined) return invalidRequest(thrown);
  // Said of every address that can be no file of the pages: with dots, doubled slashes, or too long a name.
  if (thrown.code === 'FST_STATIC_FORBIDDEN_PATH')
    return new WaysideError('not_found', 'this address leads nowhere', { cause: thrown });
  const code = FASTIFY_CODES[thrown.code];
  // Fastify says the same of what is no JSON and of names that could change what objects are.
  if (thrown.code === 'FST_ERR_CTP_INVALID_JSON_BODY')
    return new WaysideError('bad_json', NO_JSON, { cause: thrown });
  if (code !== undefined) return new WaysideError(code, thrown.message, { cause: thrown });
  const status = thrown.statusCode ?? 500;
  if (status >= 400 && status < 500) {
    return new WaysideError('bad_request', thrown.message || (STATUS_CODES[status] ?? 'refused'), {
      cause: thrown,
    });
  }
  // What went wrong inside may name files, rows or people: it is for the log alone.
  return new WaysideError('internal', 'the request could not be carried out', { cause: thrown });
}

const PARTS: Readonly<Record<string, string>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'header',
};

type Found = NonNullable<FastifyError['validation']>[number];

/**
 * Of a field that may also be null, says what is wrong with what was given; that it is not null, and fits none of the two,
 * goes without saying.
 */
function withoutNoise(found: readonly Found[]): readonly Found[] {
  return found.flatMap((one): Found[] => {
    if (one.keyword === 'anyOf') {
      const inside = found.filter((other) => other.schemaPath.startsWith(`${one.schemaPath}/`));
      const types = inside.every(
        (other) => other.keyword === 'type' && other.instancePath === one.instancePath,
      );
      if (!types) return [];
      const allowed = inside.map((other) => String(other.params.type)).join(' or ');
      return [{ ...one, message: `must be ${allowed}` }];
    }
    const outer = found.find(
      (other) => other.keyword === 'anyOf' && one.schemaPath.startsWith(`${other.schemaPath}/`),
    );
    const isType = one.keyword === 'type' && one.instancePath === outer?.instancePath;
    return isType ? [] : [one];
  });
}

function invalidRequest(error: FastifyError): WaysideError {
  const part = PARTS[error.validationContext ?? ''] ?? 'request';
  const problems = withoutNoise(error.validation ?? []).map((found): Problem => {
    const path = part + found.instancePath;
    if (found.keyword === 'additionalProperties') {
      return { path, message: `has an unknown field "${String(found.params.additionalProperty)}"` };
    }
    if (found.keyword === 'enum') {
      return { path, message: `must be one of ${(found.params.allowedValues as unknown[]).join(', ')}` };
    }
    const words = found.keyword === 'pattern' && PATTERNS_IN_WORDS[String(found.params.pattern)];
    if (words) return { path, message: `must be ${words}` };
    return { path, message: found.message ?? 'is not of the expected form' };
  });
  return badRequest(problems);
}
