import { Buffer } from 'node:buffer';
import bindings, { type Vector } from '@duckdb/node-bindings';

const TWO_TO_32 = 2 ** 32;
const BYTES_A_SLOT = 16;
const WORDS_A_SLOT = 4;
/** Texts up to here lie in their slot itself. */
const INLINE_BYTES = 12;
/** Behind all texts, so that together they are never so short as to lie in a slot. */
const PADDING = ' '.repeat(INLINE_BYTES + 1);

/**
 * The texts of one column of a chunk, laid out as DuckDB has them (`duckdb_string_t` of its C API): a slot of 16 bytes a row, which holds
 * the length, and then the text itself if it is short, else its first 4 bytes and where it lies. All texts are handed over in one call,
 * and rows point into them: a call a row took twice as long, and a text that many rows have (the key of a device) is handed over once.
 */
export class Texts {
  /** Which part a row has, by its number. */
  readonly #partOf: Uint16Array;
  readonly #slots: Uint32Array<ArrayBuffer>;
  readonly #repeated = new Map<string, number>();
  #parts: string[] = [];

  /** @param rows how many a chunk has at most; below 65,536 */
  constructor(rows: number) {
    this.#partOf = new Uint16Array(rows);
    this.#slots = new Uint32Array(rows * WORDS_A_SLOT);
  }

  /** @param text well-formed */
  set(row: number, text: string): void {
    this.#partOf[row] = this.#parts.push(text) - 1;
  }

  /** The same for a text that other rows are likely to have as well. */
  setRepeated(row: number, text: string): void {
    let part = this.#repeated.get(text);
    if (part === undefined) {
      part = this.#parts.push(text) - 1;
      this.#repeated.set(text, part);
    }
    this.#partOf[row] = part;
  }

  /** Forgets what was set: before another chunk. */
  reset(): void {
    this.#parts = [];
    this.#repeated.clear();
  }

  /** Rows that were not set hold anything, and must be null. All texts lie in memory up to four times over meanwhile. */
  writeTo(vector: Vector, count: number): void {
    const texts = this.#parts;
    if (texts.length === 0) return;
    const all = texts.join('');
    const bytes = Buffer.from(all + PADDING);
    bindings.vector_assign_string_element_len(vector, 0, bytes);
    const first = Buffer.from(bindings.vector_get_data(vector, BYTES_A_SLOT));
    const slots = slotsOf(texts, bytes, bytes.length === all.length + PADDING.length, first);
    for (let row = 0; row < count; row += 1) {
      const from = WORDS_A_SLOT * (this.#partOf[row] ?? 0);
      const to = WORDS_A_SLOT * row;
      this.#slots[to] = slots[from] ?? 0;
      this.#slots[to + 1] = slots[from + 1] ?? 0;
      this.#slots[to + 2] = slots[from + 2] ?? 0;
      this.#slots[to + 3] = slots[from + 3] ?? 0;
    }
    bindings.copy_data_to_vector(vector, 0, this.#slots.buffer, 0, count * BYTES_A_SLOT);
  }
}

/**
 * @param bytes the texts one behind the other
 * @param first the slot of all of them together, which says where they lie
 */
function slotsOf(texts: readonly string[], bytes: Buffer, isAscii: boolean, first: Buffer): Uint32Array {
  const low = first.readUInt32LE(8);
  const high = first.readUInt32LE(12);
  const slots = new Uint32Array(WORDS_A_SLOT * texts.length);
  let start = 0;
  let at = 0;
  for (const text of texts) {
    const length = isAscii ? text.length : Buffer.byteLength(text);
    slots[at] = length;
    if (length > INLINE_BYTES) {
      slots[at + 1] = bytes.readUInt32LE(start);
      slots[at + 2] = low + start;
      slots[at + 3] = low + start >= TWO_TO_32 ? high + 1 : high;
    } else {
      // What a short text leaves free of its slot is 0.
      for (let index = 0; index < length; index += 1) {
        const word = at + 1 + (index >> 2);
        slots[word] = (slots[word] ?? 0) | ((bytes[start + index] ?? 0) << (8 * (index & 3)));
      }
    }
    start += length;
    at += WORDS_A_SLOT;
  }
  return slots;
}
