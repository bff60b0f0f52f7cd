const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** So many digits a double holds exactly; one division by a power of ten then rounds to what JSON.parse gives. */
const MOST_DIGITS = 15;
const POWERS_OF_TEN = Array.from({ length: MOST_DIGITS + 1 }, (_, exponent) => 10 ** exponent);
/** Longer names are rare. */
const LONGEST_NAME = 40;
/** A power of two. */
const NAMES_AT_HAND = 256;

interface Name {
  readonly text: string;
  readonly bytes: Uint8Array;
}

/**
 * Walks through JSON as machines write it: no spaces, names of `A-Z a-z 0-9 _ . -`, numbers without an exponent. Whatever else comes is
 * told, and left to JSON.parse.
 */
export class PlainText {
  #bytes: Uint8Array = new Uint8Array();
  #at = 0;
  /** Names that were met lately, so that no text is made of them again. */
  readonly #names: (Name | undefined)[] = new Array(NAMES_AT_HAND);

  begin(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#at = 0;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Takes an opening brace, if there is one. */
  opens(): boolean {
    return this.#bytes[this.#at++] === OPENING_BRACE;
  }

  /** After a value: `more` for a comma, `closed` for a closing brace, null for whatever else. */
  next(): 'more' | 'closed' | null {
    const byte = this.#bytes[this.#at++];
    return byte === COMMA ? 'more' : byte === CLOSING_BRACE ? 'closed' : null;
  }

  /** A number that a comma or a closing brace follows; NaN where there is none, or none that is plain. */
  number(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    const isNegative = bytes[at] === MINUS;
    if (isNegative) at += 1;
    const first = at;
    let value = 0;
    let byte = bytes[at] ?? 0;
    for (; byte >= ZERO && byte <= NINE; byte = bytes[++at] ?? 0) value = value * 10 + (byte - ZERO);
    let digits = at - first;
    if (digits === 0 || (digits > 1 && bytes[first] === ZERO)) return Number.NaN;
    if (byte === POINT) {
      byte = bytes[++at] ?? 0;
      const start = at;
      for (; byte >= ZERO && byte <= NINE; byte = bytes[++at] ?? 0) value = value * 10 + (byte - ZERO);
      const decimals = at - start;
      digits += decimals;
      if (decimals === 0 || digits > MOST_DIGITS) return Number.NaN;
      value /= POWERS_OF_TEN[decimals] ?? Number.NaN;
    } else if (digits > MOST_DIGITS) return Number.NaN;
    if (byte !== COMMA && byte !== CLOSING_BRACE) return Number.NaN;
    this.#at = at;
    return isNegative ? -value : value;
  }

  /** A name with its quotes and its colon; null where there is none, or none that is plain. */
  name(): string | null {
    const bytes = this.#bytes;
    if (bytes[this.#at] !== QUOTE) return null;
    const start = this.#at + 1;
    let end = start;
    let hash = 0;
    for (let byte = bytes[end] ?? 0; isPlain(byte); byte = bytes[++end] ?? 0) hash = (hash * 31 + byte) | 0;
    const length = end - start;
    if (bytes[end] !== QUOTE || bytes[end + 1] !== COLON || length === 0 || length > LONGEST_NAME)
      return null;
    this.#at = end + 2;
    const slot = (hash ^ (hash >>> 8)) & (NAMES_AT_HAND - 1);
    const known = this.#names[slot];
    if (known !== undefined && isAt(bytes, start, length, known.bytes)) return known.text;
    // A copy: `slice` of a Buffer would hold on to all that was read from the journal with it.
    const own = new Uint8Array(bytes.subarray(start, end));
    const text = String.fromCharCode(...own);
    this.#names[slot] = { text, bytes: own };
    return text;
  }
}

function isPlain(byte: number): boolean {
  return (
    (byte >= 0x61 && byte <= 0x7a) || // a-z
    byte === 0x5f || // _
    (byte >= 0x41 && byte <= 0x5a) || // A-Z
    (byte >= ZERO && byte <= NINE) ||
    byte === MINUS ||
    byte === POINT
  );
}

function isAt(bytes: Uint8Array, start: number, length: number, wanted: Uint8Array): boolean {
  if (wanted.length !== length) return false;
  for (let index = 0; index < length; index += 1) if (wanted[index] !== bytes[start + index]) return false;
  return true;
}
