import { overlap } from './topic-filters.ts';

const FIRST = 'devices';
/** Where telemetry of devices is published, as filters. The device's id is the second level of the first one. */
const TELEMETRY: readonly string[] = [`${FIRST}/+/telemetry`];

/** Whose telemetry a filter takes in: of one device, of any, or of none. */
type Scope =
  | { readonly kind: 'none' }
  | { readonly kind: 'any' }
  | { readonly kind: 'device'; readonly id: string };

/** Sessions keep their filters here while they last; given to `Listeners` by reference. */
export type ListeningFilters = Set<string>;

/**
 * Knows of which devices somebody hears the telemetry, as telemetry that nobody hears need not be published. Asked for each
 * message, so it only counts; kept up when sessions subscribe, unsubscribe and end. Too many is safe, too few is not: a
 * filter counts from before it is granted until after it is given up.
 */
export class Listeners {
  #any = 0;
  readonly #devices = new Map<string, number>();

  /** Whether some session may hear this device's telemetry. */
  anyoneListens(deviceId: string): boolean {
    return this.#any > 0 || (this.#devices.size > 0 && this.#devices.has(deviceId));
  }

  add(filters: ListeningFilters, filter: string): void {
    const scope = scopeOf(filter);
    if (scope.kind === 'none' || filters.has(filter)) return;
    filters.add(filter);
    this.#count(scope, 1);
  }

  remove(filters: ListeningFilters, filter: string): void {
    if (filters.delete(filter)) this.#count(scopeOf(filter), -1);
  }

  /** A session has ended. */
  clear(filters: ListeningFilters): void {
    for (const filter of [...filters]) this.remove(filters, filter);
  }

  #count(scope: Scope, step: 1 | -1): void {
    switch (scope.kind) {
      case 'none':
        return;
      case 'any':
        this.#any += step;
        return;
      case 'device': {
        const count = (this.#devices.get(scope.id) ?? 0) + step;
        if (count > 0) this.#devices.set(scope.id, count);
        else this.#devices.delete(scope.id);
      }
    }
  }
}

function scopeOf(filter: string): Scope {
  if (!TELEMETRY.some((telemetry) => overlap(telemetry, filter))) return { kind: 'none' };
  const [first, id] = filter.split('/');
  return first === FIRST && id !== undefined && id !== '+' && id !== '#'
    ? { kind: 'device', id }
    : { kind: 'any' };
}
