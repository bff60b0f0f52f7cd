import { nearestName } from '../rules/document/nearest-name.ts';
import type { Problem } from './errors.ts';
import { wholeNumber } from './setting-values.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** Reads settings one by one; a problem is collected, and the fallback stands in so that the others are checked too. */
export class SettingsReader {
  readonly problems: Problem[] = [];
  readonly #env: Env;
  readonly #secrets: ReadonlySet<string>;
  readonly #known = new Set<string>();

  /** @param secrets settings whose value no problem shows */
  constructor(env: Env, secrets: ReadonlySet<string>) {
    this.#env = env;
    this.#secrets = secrets;
  }

  /**
   * @param parse gives undefined for what is not allowed
   * @param allowed what is, as it stands behind "is not"
   */
  take<T>(name: string, fallback: T, parse: (text: string) => T | undefined, allowed: string): T {
    this.#known.add(name);
    const text = this.#env[name]?.trim();
    if (text === undefined || text === '') return fallback;
    const value = parse(text);
    if (value !== undefined) return value;
    const shown = this.#secrets.has(name) ? 'its value' : `"${text.slice(0, 100)}"`;
    this.problems.push({ path: name, message: `${shown} is not ${allowed}` });
    return fallback;
  }

  /** Any text, or null where it is not set. */
  text(name: string): string | null {
    return this.take<string | null>(name, null, (value) => value, 'text');
  }

  /** 0 takes a free one. */
  port<T>(name: string, fallback: T): T | number {
    return this.take<T | number>(
      name,
      fallback,
      (value) => wholeNumber(value, 0, 65_535),
      'a port: a whole number from 0 to 65,535',
    );
  }

  /** Names that begin like settings, and were never taken. */
  unknownNames(): readonly Problem[] {
    return Object.keys(this.#env)
      .filter((name) => name.startsWith('WAYSIDE_') && !this.#known.has(name))
      .map((name) => {
        const near = nearestName(name, [...this.#known]);
        return {
          path: name,
          message: `there is no such setting${near === null ? '' : `; did you mean ${near}?`}`,
        };
      });
  }
}
