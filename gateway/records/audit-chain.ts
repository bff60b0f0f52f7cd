import { hash } from 'node:crypto';

/** What stands before the first entry. */
export const CHAIN_START = '0'.repeat(64);

/** The part of an audit entry that its hash covers, as it is stored: names of persons and devices are refs (audit-names.ts). */
export interface ChainedText {
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  /** JSON text, hashed as it is stored. */
  readonly detail_json: string;
}

/**
 * The hash of an entry: SHA-256, as hex digits, over the hash of the entry before it, a line feed, and
 * `[at,actor,action,subject,detail]` as JSON without spaces, where detail is the stored JSON text as a string. So whoever has
 * the last hash can tell whether any entry before it was changed, removed, added or moved.
 *
 * @param prevHash hash of the entry before, CHAIN_START for the first
 */
export function entryHash(prevHash: string, entry: ChainedText): string {
  const { at, actor, action, subject, detail_json } = entry;
  return hash('sha256', `${prevHash}\n${JSON.stringify([at, actor, action, subject, detail_json])}`, 'hex');
}
