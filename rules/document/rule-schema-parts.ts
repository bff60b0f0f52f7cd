/** A part of a JSON Schema: plain data. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** As parseDuration reads it; how long it may be, a schema cannot say. */
export const DURATION = {
  type: 'string',
  pattern:
    '^P(?=\\d|T\\d)(\\d+(\\.\\d+)?W)?(\\d+(\\.\\d+)?D)?(T(?=\\d)(\\d+(\\.\\d+)?H)?(\\d+(\\.\\d+)?M)?(\\d+(\\.\\d+)?S)?)?$',
} as const;

/** Of rules, places and all that rules name. */
export const ID = { type: 'string', pattern: '^[A-Za-z0-9._:-]{1,128}$' } as const;
/** Whether the calendar has it, a schema cannot say. */
export const DAY = { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}$' } as const;

/** A text of at most so many characters that is not blank. */
export const text = (maxLength: number): JsonSchema => ({
  type: 'string',
  minLength: 1,
  maxLength,
  pattern: '\\S',
});

/** An object with these fields and no others. */
export const object = (properties: JsonSchema, more: JsonSchema = {}): JsonSchema => ({
  type: 'object',
  properties,
  additionalProperties: false,
  ...more,
});
