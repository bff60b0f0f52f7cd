import type { CommandReply } from '../records/commands.ts';
import { MAX_CONFIG_VERSION } from '../records/device-config.ts';

/** Longest reply and longest report; longer ones are no answer but a file. */
export const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_DEPTH = 64;

/** Codes of what a device is told about an answer that is not understood. */
export type AnswerFault = 'bad_encoding' | 'bad_json' | 'bad_shape' | 'too_large' | 'unknown_command';

export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: AnswerFault; readonly message: string };

type Fields = Readonly<Record<string, unknown>>;

/** Reads `{"status":"ok"|"error","result"}`. */
export function readReply(payload: Uint8Array): Read<CommandReply> {
  const read = readObject(payload);
  if (!read.ok) return read;
  const { status, result = null } = read.value;
  if (status !== 'ok' && status !== 'error') return badShape('"status" must be "ok" or "error"');
  return { ok: true, value: { status, result } };
}

/** Reads `{"version", …}` with an optional `"status":"ok"|"error"`. */
export function readReport(payload: Uint8Array): Read<{ readonly version: number; readonly report: Fields }> {
  const read = readObject(payload);
  if (!read.ok) return read;
  const { version, status } = read.value;
  if (
    typeof version !== 'number' ||
    !Number.isInteger(version) ||
    version < 0 ||
    version > MAX_CONFIG_VERSION
  )
    return badShape(`"version" must be a whole number from 0 to ${MAX_CONFIG_VERSION}`);
  if (status !== undefined && status !== 'ok' && status !== 'error')
    return badShape('"status" must be "ok" or "error", where it is there');
  return { ok: true, value: { version, report: read.value } };
}

/** Reads a JSON object of bounded size and depth. */
export function readObject(payload: Uint8Array): Read<Fields> {
  const read = readJsonValue(payload);
  if (!read.ok) return read;
  const { value } = read;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return badShape('must be a JSON object');
  return { ok: true, value: value as Fields };
}

/** Reads JSON of any kind. */
export function readJsonValue(payload: Uint8Array): Read<unknown> {
  if (payload.length > MAX_ANSWER_BYTES)
    return { ok: false, code: 'too_large', message: `${payload.length} bytes; at most ${MAX_ANSWER_BYTES}` };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(payload);
  } catch (error) {
    return { ok: false, code: 'bad_encoding', message: `no UTF-8: ${String(error)}` };
  }
  // Before it is parsed: what is nested too deeply could be read, but not written again.
  if (isTooDeep(text)) return badShape(`nested more than ${MAX_DEPTH} levels deep`);
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    return { ok: false, code: 'bad_json', message: error instanceof Error ? error.message : 'no JSON' };
  }
}

/** Counts brackets, also those within texts: who sends that many of them within one gets a clear answer too. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const letter = text[index];
    if (letter === '{' || letter === '[') depth += 1;
    else if (letter === '}' || letter === ']') depth -= 1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

function badShape(message: string): { ok: false; code: AnswerFault; message: string } {
  return { ok: false, code: 'bad_shape', message };
}
