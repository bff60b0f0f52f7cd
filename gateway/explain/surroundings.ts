import type { StoredDecision } from '../records/decisions.ts';
import type { StoredVisit } from '../records/visits.ts';
import type { Evidence } from './evidence.ts';

/** What is known of the time that is asked about. */
export interface Surroundings {
  /** Inclusive, epoch ms. */
  readonly from: number;
  /** Exclusive, epoch ms. */
  readonly to: number;
  /** IANA zone in which times are told. */
  readonly zone: string;
  /** As it is now; null where none was asked for. */
  readonly place: { readonly id: string; readonly name: string; readonly tags: readonly string[] } | null;
  /** Of the consumer at the place, newest first. */
  readonly visits: readonly StoredVisit[];
  /** By rule, the offer that was sent on account of one of these visits, whenever that was. */
  readonly sent: ReadonlyMap<string, StoredDecision>;
  /** What is wrong with the place, where it overlaps a sensitive zone now; else null. */
  readonly zoneOverlap: string | null;
  /** How many devices the consumer has linked. */
  readonly devices: number;
  /** Null where the store did not answer. */
  readonly evidence: Evidence | null;
}
