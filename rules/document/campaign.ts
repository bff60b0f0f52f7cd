import { isTimezone } from '../time/local-time.ts';
import { collecting, describeFound, readFields, readId, readNumber, readText } from './document.ts';
import type { Parsed } from './problem.ts';

/** Rules that share a budget of offers. */
export interface Campaign {
  readonly id: string;
  readonly name: string;
  /** Offers in all, and a day. Missing: no limit. */
  readonly budget: { readonly total?: number; readonly perDay?: number };
  /** IANA zone of its days; null: UTC. */
  readonly timezone: string | null;
}

export const LARGEST_TOTAL = 1_000_000_000;

/** Reads a campaign document: `{id, name, budget: {total, perDay}, timezone}`. */
export function parseCampaign(document: unknown): Parsed<Campaign> {
  return collecting((report) => {
    const fields = readFields(document, '', ['id', 'name', 'budget', 'timezone'], report);
    if (fields === null) return null;
    const id = readId(fields.id, 'id', report);
    const name = fields.name === undefined ? id : readText(fields.name, 'name', report, { max: 200 });
    const budget =
      fields.budget === undefined ? {} : readFields(fields.budget, 'budget', ['total', 'perDay'], report);
    const limit = (field: 'total' | 'perDay') =>
      budget?.[field] == null
        ? null
        : readNumber(budget[field], `budget.${field}`, report, { min: 1, max: LARGEST_TOTAL, integer: true });
    const [total, perDay] = [limit('total'), limit('perDay')];
    const timezone = fields.timezone ?? null;
    if (timezone !== null && (typeof timezone !== 'string' || !isTimezone(timezone))) {
      report('timezone', `must be an IANA zone such as Europe/Rome, found ${describeFound(timezone)}`);
    }
    if (id === null || name === null || budget === null) return null;
    return {
      id,
      name,
      budget: { ...(total === null ? {} : { total }), ...(perDay === null ? {} : { perDay }) },
      timezone: typeof timezone === 'string' ? timezone : null,
    };
  });
}
