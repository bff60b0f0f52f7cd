// Each gives undefined for a text that is not of its kind.

export function wholeNumber(value: string, least: number, most: number): number | undefined {
  const number = Number(value);
  return Number.isInteger(number) && number >= least && number <= most ? number : undefined;
}

/** Without a slash at its end. */
export function httpUrl(value: string): string | undefined {
  const url = URL.parse(value);
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:')
    ? value.replace(/\/+$/, '')
    : undefined;
}

/** Without user and password, which settings of their own hold. */
export function mqttUrl(value: string): string | undefined {
  const url = URL.parse(value);
  const isFine = url !== null && /^(mqtts?|wss?):$/.test(url.protocol) && url.hostname !== '';
  return isFine && url.username === '' && url.password === '' ? value : undefined;
}

/** Comma-separated. */
export function origins(value: string): readonly string[] | undefined {
  const parts = value.split(',').map((part) => httpUrl(part.trim()));
  return parts.every((part) => part !== undefined) ? parts.map((part) => new URL(part).origin) : undefined;
}

/** Whom push services may write to (RFC 8292 §2.1). */
export function contact(value: string): string | undefined {
  return /^(mailto:.+@.+|https:\/\/.+)$/.test(value) ? value : undefined;
}

/** ISO 8601 or epoch ms, as epoch ms. */
export function moment(value: string): number | undefined {
  const time = /^\d+$/.test(value) ? Number(value) : Date.parse(value);
  // Beyond what ECMAScript can name there is no date, and nothing that reckons with dates would work.
  return Number.isNaN(new Date(time).getTime()) ? undefined : time;
}
