import { type Static, type TSchema, Type } from '@fastify/type-provider-typebox';
import { PURPOSES } from '../../rules/step.ts';
import { isCalendarDay } from '../../rules/time/calendar.ts';
import { describeDuration, parseDuration } from '../../rules/time/duration.ts';
import type { PageRequest } from '../records/page.ts';
import { badField } from './refused.ts';

const MAX_PAGE = 1_000;
const DEFAULT_PAGE = 100;

const ID = '^[A-Za-z0-9._:-]{1,128}$';
const ID_IN_WORDS = '1 to 128 of A-Z a-z 0-9 . _ : -';

/** Ids of everything that a client names. */
export const Id = Type.String({ pattern: ID, description: ID_IN_WORDS });

export const Time = Type.Integer({ description: 'Epoch milliseconds' });

/** A closed object: fields that are not listed are refused. */
export function Closed<T extends Parameters<typeof Type.Object>[0]>(properties: T) {
  return Type.Object(properties, { additionalProperties: false });
}

/** One of some words. */
export function Choice<const T extends string>(...values: readonly T[]) {
  return Type.Unsafe<T>({ type: 'string', enum: [...values] });
}

export function Nullable<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()]);
}

export const Purpose = Choice(...PURPOSES);

const TIME_OF_DAY = '^([01][0-9]|2[0-3]):[0-5][0-9]$';

export const QuietHours = Closed({
  from: Type.String({ pattern: TIME_OF_DAY, description: 'HH:MM' }),
  to: Type.String({ pattern: TIME_OF_DAY, description: 'HH:MM; before `from` spans midnight' }),
});

/** What a text is to be, for each pattern that people meet. */
export const PATTERNS_IN_WORDS: Readonly<Record<string, string>> = {
  [ID]: ID_IN_WORDS,
  [TIME_OF_DAY]: 'HH:MM, from 00:00 to 23:59',
};

export const PushSubscriptionBody = Closed({
  endpoint: Type.String({ minLength: 1, maxLength: 2_048 }),
  expirationTime: Type.Optional(
    Nullable(Type.Number({ description: 'Comes with `PushSubscription.toJSON()`, and is not looked at' })),
  ),
  keys: Closed({
    p256dh: Type.String({ pattern: '^[A-Za-z0-9_-]{86,88}=?$', description: '65 bytes, base64url' }),
    auth: Type.String({ pattern: '^[A-Za-z0-9_-]{22}(==)?$', description: '16 bytes, base64url' }),
  }),
  vapidKey: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9_-]{87}$',
      description: 'The public key that the browser subscribed with; that of GET /api/v1/push-key by default',
    }),
  ),
});

/** Parameters that every list takes. */
export const PageQuery = {
  from: Type.Optional(Type.String({ maxLength: 40, description: 'Inclusive; epoch ms or ISO 8601' })),
  to: Type.Optional(Type.String({ maxLength: 40, description: 'Exclusive; epoch ms or ISO 8601' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PAGE, default: DEFAULT_PAGE })),
  cursor: Type.Optional(Type.String({ maxLength: 512, description: '`next` of the page before' })),
};

/** A page of a list, newest first. */
export function ListOf<T extends TSchema>(item: T) {
  return Type.Object({ items: Type.Array(item), next: Nullable(Type.String()) });
}

export const ProblemShape = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String({ description: 'Stable; the list is above' }),
    mend: Type.String({ description: 'What the one who meets it can do' }),
    requestId: Type.String(),
    problems: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
  },
  { description: 'RFC 9457 problem document' },
);

export const IdParams = Type.Object({ id: Id });

type PageQueryValues = Static<ReturnType<typeof Type.Object<typeof PageQuery>>>;

/** Reads the parameters that every list takes. Throws `bad_request` for what is no time. */
export function pageRequest(query: PageQueryValues): PageRequest {
  return {
    from: query.from === undefined ? undefined : readTime('from', query.from),
    to: query.to === undefined ? undefined : readTime('to', query.to),
    limit: query.limit ?? DEFAULT_PAGE,
    cursor: query.cursor,
  };
}

const ISO_8601 = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d))?$/;

/** Epoch ms of a query parameter that holds epoch ms or ISO 8601 (with an offset). Throws `bad_request`. */
export function readTime(name: string, text: string): number {
  const time = parseTime(text);
  if (time === null) {
    const message = 'must be epoch milliseconds, or ISO 8601 with an offset, such as 2026-05-01T08:00:00Z';
    throw badField(`query/${name}`, message);
  }
  return time;
}

/** Milliseconds of a query parameter that holds them, or an ISO 8601 duration. Throws `bad_request`. */
export function readSpan(
  name: string,
  text: string,
  { minMs, maxMs }: { readonly minMs: number; readonly maxMs: number },
): number {
  const spanMs = /^\d{1,15}$/.test(text) ? Number(text) : parseDuration(text);
  if (spanMs !== null && spanMs >= minMs && spanMs <= maxMs) return spanMs;
  const range = `${minMs} ms to ${describeDuration(maxMs)}`;
  const message = `must be ${range}, in milliseconds or as ISO 8601 such as PT1M`;
  throw badField(`query/${name}`, message);
}

/** Epoch ms of a text that holds epoch ms or ISO 8601 (with an offset), or null. */
export function parseTime(text: string): number | null {
  const isDay = ISO_8601.test(text) && isCalendarDay(text);
  const time = /^-?\d{1,16}$/.test(text) ? Number(text) : isDay ? Date.parse(text) : Number.NaN;
  return Number.isSafeInteger(time) ? time : null;
}
