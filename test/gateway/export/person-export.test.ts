import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ALL_TABLES, PERSON_TABLES } from '../../../gateway/records/person-tables/all-tables.ts';
import type { Field, Withheld } from '../../../gateway/records/person-tables/person-table.ts';
import type { Schema } from '../../../gateway/records/schema.ts';
import { TEST_SEAL } from '../../support/push-subscription.ts';
import { startHttp, type TestServer } from '../http/http-server.ts';
import { insertMarkedPerson, type MarkedPerson, type MarkedValue } from '../records/marked-person.ts';

const ANN: MarkedPerson = {
  consumer: 'ann-id',
  device: 'ann-car',
  deviceKey: 'ann-key',
  mark: 'annmark',
  firstNumber: 1_000_000,
};
const BOB: MarkedPerson = {
  consumer: 'bob-id',
  device: 'bob-car',
  deviceKey: 'bob-key',
  mark: 'bobmark',
  firstNumber: 2_000_000,
};

/** Since their devices are theirs. */
const AT = 5_000_000;

async function server(): Promise<TestServer> {
  const http = await startHttp();
  onTestFinished(() => http.stop());
  return http;
}

describe('the list of tables', () => {
  it('has every table of the records, and every column of those in which people are', async () => {
    const { db } = await server();
    const { rows: tables } = await sql<{ name: string }>`
      select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and name not like 'kysely_%'`.execute(
      db,
    );
    // The start that migrates drops it: sealSubscriptions.
    const names = tables.flatMap(({ name }) => (name === 'unsealed_push_subscriptions' ? [] : [name]));
    expect(names.length).toBeGreaterThan(40);
    expect(Object.keys(ALL_TABLES).sort()).toEqual(names.sort());
    for (const [name, table] of PERSON_TABLES) {
      const { rows: columns } = await sql<{ name: string }>`
        select name from pragma_table_info(${name})`.execute(db);
      const listed = Object.keys(table.fields).sort();
      expect([name, listed]).toEqual([name, columns.map((column) => column.name).sort()]);
    }
  });
});

describe('the export of a person', () => {
  it('has a mark from everywhere, and nothing of anybody else', async () => {
    const http = await server();
    const marked = await insertMarkedPerson(http.db, TEST_SEAL, ANN);
    await insertMarkedPerson(http.db, TEST_SEAL, BOB);
    const readings = [ANN, BOB].flatMap(({ deviceKey, mark }) =>
      [AT, AT + 1].map((at) => reading(deviceKey, at, mark)),
    );
    await http.telemetry.write(readings, 9);

    const answer = await http.call('GET', '/api/v1/consumers/ann-id/export');

    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ format: 'wayside.person.1', consumer: 'ann-id' });
    const missing = marked.flatMap((value) => missingFrom(answer.body, value));
    expect(missing).toEqual([]);
    expect(JSON.stringify(answer.body)).not.toMatch(/bobmark|bob-id|bob-car|2000\d\d\d/);
    expect(answer.body.telemetry['ann-car']).toEqual([
      expect.objectContaining({ at: AT, event: 'annmark-event', metrics: { fuel: 0.5, word: 'annmark' } }),
      expect.objectContaining({ at: AT + 1 }),
    ]);
    for (const section of Object.keys(answer.body).filter((key) => Array.isArray(answer.body[key])))
      for (const row of answer.body[section])
        expect(Object.keys(answer.body.about[section].fields)).toEqual(
          expect.arrayContaining(Object.keys(row)),
        );
  });
});

function reading(deviceKey: string, at: number, mark: string) {
  return {
    deviceKey,
    at,
    seq: at - AT + 1,
    receivedAt: at,
    position: { lat: 45, lon: 9, accuracy: 5 },
    metrics: { fuel: 0.5, word: mark },
    event: `${mark}-event`,
    flags: [],
  };
}

/** Says which value should be in the export and is not. */
function missingFrom(body: Record<string, unknown>, { table, column, value }: MarkedValue): string[] {
  const listed = ALL_TABLES[table as keyof Schema];
  if (listed?.holds !== 'people' || !('as' in listed.export)) return [];
  const field = (listed.fields as unknown as Record<string, Field | Withheld>)[column];
  if (field === undefined || !('as' in field)) return [];
  const rows = body[listed.export.as] as readonly Record<string, unknown>[];
  const expected = toldAs(field, value);
  const found = rows.some((row) => JSON.stringify(row[field.as]) === JSON.stringify(expected));
  return found ? [] : [`${table}.${column}`];
}

function toldAs(field: Field, value: unknown): unknown {
  switch (field.form) {
    case 'json':
      return JSON.parse(value as string);
    case 'boolean':
      return value === 1;
    case 'base64':
      return Buffer.from(value as Uint8Array).toString('base64');
    case 'sealed-address': {
      const text = 'annmark-push_subscriptions-sealed-consumer';
      return { endpoint: `https://push.example/${text}`, p256dh: text };
    }
    default:
      return value;
  }
}
