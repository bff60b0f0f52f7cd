/** What was typed as a JSON object, or why it is none. */
export type ParsedObject =
  | { readonly ok: true; readonly value: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly message: string };

export function parsedObject(text: string): ParsedObject {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? { ok: true, value: value as Readonly<Record<string, unknown>> }
      : { ok: false, message: 'It must be a JSON object, such as {"seconds": 3}.' };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : 'It is no JSON.' };
  }
}
