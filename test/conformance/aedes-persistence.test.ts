import assert from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { DurablePersistence } from '../../broker/persistence/durable-persistence.ts';
import { type MqttSessions, openMqttSessions } from '../../gateway/records/mqtt-sessions.ts';

type NodeTest = (name: string, body: (t: object) => Promise<void>) => void;
type AbstractSuite = (options: {
  readonly test: NodeTest;
  readonly persistence: () => object;
  readonly testAsync: boolean;
}) => void;

/** Ships with aedes-persistence, is written for node:test, and has no typings. */
const abstractSuite = createRequire(import.meta.url)('aedes-persistence/abstract.js') as AbstractSuite;

/** Gives the suite, as its `t`, what it uses of node:test; a test that asserts less often than it planned to fails. */
const asVitest: NodeTest = (name, body) => {
  it(name, async () => {
    let planned: number | null = null;
    let asserted = 0;
    const counting = new Proxy(assert, {
      get(target, method, receiver) {
        const check = Reflect.get(target, method, receiver) as (...values: unknown[]) => void;
        return (...values: unknown[]) => {
          asserted += 1;
          check(...values);
        };
      },
    });
    await body({
      assert: counting,
      plan: (count: number) => {
        planned = count;
      },
      diagnostic: () => undefined,
    });
    if (planned !== null) assert.strictEqual(asserted, planned, 'as many assertions as planned');
  });
};

describe('sessions in memory alone', () => {
  abstractSuite({ test: asVitest, persistence: () => new DurablePersistence(), testAsync: true });
});

describe('sessions followed by SQLite', () => {
  let dir = '';
  let sessions: MqttSessions;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'wayside-sessions-'));
    sessions = await openMqttSessions(join(dir, 'sessions.db'), (error) => {
      throw error;
    });
  });
  afterAll(async () => {
    await sessions.stop();
    await rm(dir, { recursive: true, force: true });
  });

  abstractSuite({
    test: asVitest,
    persistence: () => new DurablePersistence({ map: sessions.map }),
    testAsync: true,
  });
});
