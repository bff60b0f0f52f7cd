import type { Schema } from '../schema.ts';

/** How a row is about a person: what a column of it holds. A table may have several. */
export type Link<Column extends string> = {
  readonly column: Column;
  /** Only rows that have this in another column. */
  readonly where?: { readonly column: Column; readonly is: string };
  /** The export goes by the other links: by this one it could find what is an earlier owner's. */
  readonly forErasureAlone?: true;
} & (
  | {
      readonly by: /** The person's id. */
        | 'consumer'
        /** Id of a device that is linked to the person. */
        | 'device'
        /** The random key of such a device. */
        | 'device-key'
        /** `c:` and the person's id, or `d:` and the device's. */
        | 'subject';
    }
  | {
      /** What another table's row, which is the person's, has in `itsColumn`. */
      readonly by: 'row';
      readonly of: keyof Schema;
      readonly itsColumn: string;
    }
);

/** A column as the export tells it. */
export interface Field {
  /** Its name there; it stays when the column is renamed. */
  readonly as: string;
  /** For the person who reads it. */
  readonly what: string;
  readonly unit?: string;
  /** How the column is to be read: JSON text, 0 and 1, bytes, the sealed address of a browser. Else as it is. */
  readonly form?: 'json' | 'boolean' | 'base64' | 'sealed-address';
}

/** A column that is not told, and why: it is a secret of somebody, or says nothing of the person. */
export interface Withheld {
  readonly withheld: string;
}

/** What becomes of the rows when the person is erased. */
export type Goes =
  | 'deleted'
  /** Deleted some thousand rows at a time, for there may be very many. */
  | 'deleted-in-parts'
  /** By the foreign key, with the row that it belongs to. */
  | 'with-its-parent'
  /** The row stays, for it counts something; the column of its first link no longer leads to the person. */
  | 'unlinked'
  /** By the erasure itself, as its last step; or see the comment at the table. */
  | 'with-the-erasure';

/** A table whose rows may be about a person. */
export interface PersonTable<T extends keyof Schema = keyof Schema> {
  readonly holds: 'people';
  readonly links: readonly Link<keyof Schema[T] & string>[];
  readonly goes: Goes;
  /** Its name in the export, or why it is not there. */
  readonly export:
    | {
        readonly as: string;
        readonly what: string;
        /** Time and id by which a person's rows lie in an index, of a table that holds very many. */
        readonly pageBy?: readonly [time: keyof Schema[T] & string, id: keyof Schema[T] & string];
        /** A time: what a device's row has before the device was linked to the person is an earlier owner's. */
        readonly since?: keyof Schema[T] & string;
      }
    | Withheld;
  readonly fields: { readonly [Column in keyof Schema[T]]: Field | Withheld };
}

/** A table in which nobody is found, and what it holds instead. */
export interface NobodysTable {
  readonly holds: 'nobody';
  readonly what: string;
}

export const TIME = 'milliseconds since 1970-01-01T00:00:00Z';

/** Keeps the type of one table's columns. */
export function personTable<T extends keyof Schema>(_: T, table: Omit<PersonTable<T>, 'holds'>): PersonTable {
  return { holds: 'people', ...table } as unknown as PersonTable;
}

export function field(as: string, what: string, more: Partial<Field> = {}): Field {
  return { as, what, ...more };
}

export function time(as: string, what: string): Field {
  return { as, what, unit: TIME };
}

export function withheld(why: string): Withheld {
  return { withheld: why };
}

/** Columns that many tables have. */
export const OWN_ID = withheld('the id of the person, as above');
export const DEVICE = field('device', 'Id of the device');
export const DEVICE_KEY = withheld('a random name in the telemetry store, which means nothing by itself');
export const SECRET = withheld('a keyed or one-way digest of a secret');
