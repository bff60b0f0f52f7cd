/** Problems read on after their path: beside the field they begin a sentence. */
export function sentence(message: string): string {
  if (isStillEmpty(message)) return 'Still empty.';
  const first = message[0]?.toUpperCase() ?? '';
  return /^(must|is|has|can|does|belongs|needs|may)\b/.test(message)
    ? `It ${message}`
    : `${first}${message.slice(1)}`;
}

/** Whether all that is wrong is that nothing was written yet. */
export const isStillEmpty = (message: string): boolean => /found (""|nothing)$/.test(message);

/** The name that the gateway takes the found one for. */
export function suggestedName(message: string | undefined): string | null {
  return /Did you mean "([^"]+)"\?/.exec(message ?? '')?.[1] ?? null;
}

/** A condition or a template with the name that was meant in the place of the one that is not known; null where none comes near. */
export function mendedText(text: string, problem: string | undefined): string | null {
  const name = suggestedName(problem);
  const found = /"([\w.]+)" is not known/.exec(problem ?? '')?.[1];
  if (name === null || found === undefined) return null;
  const dot = found.lastIndexOf('.');
  const whole = new RegExp(`(?<![\\w.])${found.replaceAll('.', '\\.')}(?!\\w)`, 'g');
  const mended = text.replace(whole, dot < 0 ? name : `${found.slice(0, dot)}.${name}`);
  return mended === text ? null : mended;
}

/** A number as somebody types it, with a point for a decimal comma; "1,000", which may be meant as a thousand, stays for the check to refuse. */
export const withDecimalPoint = (typed: string): string =>
  /^\s*-?[1-9]\d{0,2}(,\d{3})+\s*$/.test(typed) ? typed : typed.replace(',', '.');
