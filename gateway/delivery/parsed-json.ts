/** What JSON text says, or undefined where it is none: one damaged row must not hold up the others. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the caller says what an unreadable document means
  }
}
