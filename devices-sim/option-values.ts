import { InvalidArgumentError } from 'commander';

/** Parsers of command line options. Each throws an InvalidArgumentError that says what is allowed. */

export function whole(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('A whole number is needed.');
  return value;
}

export function wholeFrom1(text: string): number {
  const value = whole(text);
  if (value < 1) throw new InvalidArgumentError('At least 1 is needed.');
  return value;
}

export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('A number above 0 is needed.');
  return value;
}

export function probability(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1))
    throw new InvalidArgumentError('A number from 0 to 1 is needed.');
  return value;
}

export function portNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65_535)
    throw new InvalidArgumentError('A port from 0 to 65535 is needed.');
  return value;
}

export const httpUrl = urlOf('http:', 'https:');
export const mqttUrl = urlOf('mqtt:', 'mqtts:', 'ws:', 'wss:');

function urlOf(...protocols: readonly string[]): (text: string) => string {
  return (text) => {
    if (protocols.includes(URL.parse(text)?.protocol ?? '')) return text;
    throw new InvalidArgumentError(
      `An address that begins with ${protocols.map((one) => `${one}//`).join(' or ')} is needed.`,
    );
  };
}
