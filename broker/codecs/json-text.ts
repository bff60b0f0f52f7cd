import { Buffer, isUtf8 } from 'node:buffer';
import type { ReadingProblem } from '../../rules/readings/reading.ts';

/** A parsed text, or why it is none. */
export type Document =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: ReadingProblem };

/** Parses a payload as UTF-8 JSON. Never throws. */
export function readJson(payload: Uint8Array): Document {
  if (payload.length === 0)
    return failed('bad_json', 'the payload is empty; a JSON object or array is expected');
  if (!isUtf8(payload)) return failed('bad_encoding', 'the payload is not valid UTF-8');
  try {
    const bytes = Buffer.isBuffer(payload)
      ? payload
      : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    return { ok: true, value: JSON.parse(bytes.toString('utf8')) };
  } catch (error) {
    return failed(
      'bad_json',
      `the payload of ${payload.length} bytes is not valid JSON${whereItBroke(error)}`,
    );
  }
}

function failed(code: ReadingProblem['code'], message: string): Document {
  return { ok: false, problem: { code, message } };
}

/** V8's own message quotes the text around the fault, which may hold a position: only the offset is taken from it. */
function whereItBroke(error: unknown): string {
  const offset = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined;
  return offset === undefined ? '' : ` (it breaks at character ${Number(offset) + 1})`;
}
