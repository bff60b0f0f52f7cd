import { Type } from '@fastify/type-provider-typebox';
import type { VersionMatch } from '../records/version-match.ts';

/** The headers that say which version a change is meant for. */
export const IfMatchHeader = { 'if-match': Type.Optional(Type.String({ maxLength: 200 })) };
export const IfNoneMatchHeader = {
  'if-none-match': Type.Optional(
    Type.Literal('*', { description: 'Only where there is none yet: else 412' }),
  ),
};

/** The ETag of a version. */
export const versionTag = (version: number): string => `"${version}"`;

/** What the headers of a request say; tags that are none of ours match nothing. */
export function readVersionMatch(headers: {
  readonly 'if-match'?: string | undefined;
  readonly 'if-none-match'?: string | undefined;
}): VersionMatch {
  return {
    ifMatch: readIfMatch(headers['if-match']),
    ifNoneMatch: headers['if-none-match'] === '*' ? '*' : undefined,
  };
}

function readIfMatch(header: string | undefined): VersionMatch['ifMatch'] {
  if (header === undefined) return undefined;
  if (header.trim() === '*') return '*';
  return header.split(',').flatMap((tag) => {
    const digits = /^\s*"?(\d{1,10})"?\s*$/.exec(tag)?.[1];
    return digits === undefined ? [] : [Number(digits)];
  });
}
