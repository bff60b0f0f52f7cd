import type { Schema } from '../schema.ts';
import { DEVICE_TABLES } from './devices.ts';
import { OFFER_TABLES } from './offers.ts';
import { PEOPLE_TABLES } from './people.ts';
import type { NobodysTable, PersonTable } from './person-table.ts';

const nobody = (what: string): NobodysTable => ({ holds: 'nobody', what });

/** Tables in which no person and no person's device is named. */
const NOBODYS_TABLES = {
  device_types: nobody('what kinds of devices measure'),
  service_accounts: nobody('programs and partners'),
  fleet_keys: nobody('keys for devices that come in'),
  bridge_filters: nobody('topics'),
  places: nobody('places'),
  place_bounds: nobody('places'),
  place_tags: nobody('places'),
  sensitive_zones: nobody('zones'),
  segments: nobody('conditions on people, and no people'),
  campaigns: nobody('campaigns'),
  traits: nobody('names of attributes'),
  code_pools: nobody('how many codes there are'),
  settings: nobody('what the organisation sets'),
  sends: nobody('how many offers were sent'),
  rules: nobody('rules'),
  rule_versions: nobody('rules'),
  rule_states: nobody('rules'),
  users: nobody('staff'),
  cursors: nobody('how far the journal was read'),
  erased_space: nobody('zeros'),
  erasure_marks: nobody('how far erasures were done again'),
  webhooks: nobody('other programs'),
  tills: nobody('tills'),
  used_challenges: nobody('random numbers that were signed once'),
  cell_days: nobody('how many devices were where, none where they were few'),
  counted_days: nobody('days'),
  // Persons stand in it under names of their own; see audit_names.
  audit: nobody('what was done'),
} as const satisfies Partial<Record<keyof Schema, NobodysTable>>;

/**
 * Every table of the records, and what of a person is in it. Erasure, export and their tests go by this list alone: a new table is
 * to be added here, and nothing compiles until it is.
 */
export const ALL_TABLES: Readonly<Record<keyof Schema, PersonTable | NobodysTable>> = {
  ...OFFER_TABLES,
  ...DEVICE_TABLES,
  ...PEOPLE_TABLES,
  ...NOBODYS_TABLES,
};

/** Those in which people are, in an order in which rows can be deleted: first what refers to others. */
export const PERSON_TABLES: readonly (readonly [keyof Schema, PersonTable])[] = Object.entries(
  ALL_TABLES,
).flatMap(([name, table]) => (table.holds === 'people' ? [[name as keyof Schema, table] as const] : []));
