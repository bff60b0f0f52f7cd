import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { PushFault } from '../../devices-sim/push-service/push-faults.ts';
import {
  createPushService,
  type PushEvent,
  type PushService,
} from '../../devices-sim/push-service/push-service.ts';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';
import { type PushPeople, type PushPerson, pushPeople } from '../support/push-people.ts';
import { hasOpenssl, selfSignedCertificate } from '../support/self-signed.ts';

/** The gateway waits so long for an answer: what is there sooner did not wait for one that never came. */
const GATEWAY_TIMEOUT_MS = 10_000;
/** Faults, time-outs and the rests that follow them. */
const ALL_OVER_MS = 100_000;
const PEOPLE = 14;

interface Delivery {
  readonly id: string;
  readonly consumer: string;
  readonly state: string;
  readonly reason?: string;
  readonly attempts: number;
}

const openssl = await hasOpenssl();

// Most of it is waiting for time-outs, which both can do at once.
describe.concurrent.each(['HTTP/1.1', 'HTTP/2'] as const)(
  'a push service that misbehaves over %s',
  (protocol) => {
    const skip = protocol === 'HTTP/2' && !openssl;
    let dir: string;
    let gateway: GatewayProcess;
    let people: PushPeople;
    let bad: PushService;
    let good: PushService;
    let silent: PushService;
    let forbidden: Server;
    let forbiddenConnections = 0;
    const events: PushEvent[] = [];
    const atBad: PushPerson[] = [];
    const atGood: PushPerson[] = [];
    let atSilent: PushPerson;
    const silentEvents: PushEvent[] = [];

    beforeAll(async () => {
      if (skip) return;
      dir = await mkdtemp(join(tmpdir(), 'wayside-hostile-'));
      const tls = protocol === 'HTTP/2' ? await selfSignedCertificate() : undefined;
      const onHost = { host: '127.0.0.1', port: 0, now: Date.now };
      bad = createPushService({
        ...onHost,
        ...(tls === undefined ? {} : { tls }),
        onEvent: (event) => events.push(event),
      });
      good = createPushService(onHost);
      silent = createPushService({ ...onHost, onEvent: (event) => silentEvents.push(event) });
      forbidden = createServer((socket) => {
        forbiddenConnections += 1;
        socket.destroy();
      });
      await new Promise<void>((resolve) => {
        forbidden.listen(0, '127.0.0.1', resolve);
      });
      const places = await Promise.all([bad.start(), good.start(), silent.start()]);
      const certificate = join(dir, 'ca.pem');
      await writeFile(certificate, tls?.cert ?? '');
      gateway = await startGateway({
        env: {
          WAYSIDE_PUSH_HOSTS: places.map(({ origin }) => origin).join(','),
          ...(tls === undefined ? {} : { NODE_EXTRA_CA_CERTS: certificate }),
        },
      });
      people = pushPeople(gateway);
      await people.rule('purchase', 'PT30M');
      await people.rule('brief', 'PT5S');
      for (let index = 0; index < PEOPLE; index += 1) {
        const place = { ...places[0], ...(tls === undefined ? {} : { ca: tls.cert }) };
        atBad.push(await people.moveIn(`bad-${index}`, place));
        atGood.push(await people.moveIn(`good-${index}`, places[1]));
      }
      atSilent = await people.moveIn('silent', places[2]);
    });

    afterAll(async () => {
      if (skip) return;
      await people.stop();
      await gateway.stop();
      await Promise.all([bad, good, silent].map((service) => service.stop()));
      await new Promise((resolve) => {
        forbidden.close(resolve);
      });
      await rm(dir, { recursive: true });
    });

    async function deliveries(): Promise<readonly Delivery[]> {
      const { body } = await gateway.api('GET', '/api/v1/deliveries?limit=1000');
      return body.items;
    }

    test.skipIf(skip)(
      `loses nothing, doubles nothing, and delays nobody else's offers${skip ? ' (skipped: there is no openssl)' : ''}`,
      async ({ expect }) => {
        const { port } = forbidden.address() as AddressInfo;
        const faults: readonly PushFault[] = [
          { kind: 'hang' },
          { kind: 'hang', isTaken: true },
          { kind: 'reset' },
          { kind: 'reset', isTaken: true },
          { kind: 'status', status: 429, retryAfter: '2' },
          { kind: 'status', status: 429, retryAfter: new Date(Date.now() + 4_000).toUTCString() },
          { kind: 'status', status: 503, retryAfter: '1' },
          { kind: 'status', status: 500, isTaken: true },
          { kind: 'slow-headers' },
          { kind: 'slow-body' },
          { kind: 'oversize', bytes: 5_000_000 },
          { kind: 'redirect', status: 307, location: `http://127.0.0.1:${port}/` },
          { kind: 'redirect', status: 302, location: `http://127.0.0.1:${port}/` },
        ];
        for (const fault of faults) bad.faults.plan(fault);
        bad.faults.plan({ kind: 'status', status: 500 }, 4);
        silent.faults.plan({ kind: 'hang' }, 1_000);

        await atSilent.report('brief');
        await Promise.all(atBad.map((person) => person.report('purchase')));
        await eventually('the first faults', GATEWAY_TIMEOUT_MS, async () =>
          events.some(({ kind }) => kind === 'misbehaved') ? true : undefined,
        );
        await Promise.all(atGood.map((person) => person.report('purchase')));
        await eventually("the others' offers", GATEWAY_TIMEOUT_MS * 0.9, async () =>
          atGood.every(({ received }) => received.length > 0) ? true : undefined,
        );

        const settled = await eventually('all offers', ALL_OVER_MS, async () => {
          const all = await deliveries();
          const isWaiting = all.some(({ state }) => state === 'queued' || state === 'retrying');
          return all.length < 2 * PEOPLE + 1 || isWaiting ? undefined : all;
        });
        expect(bad.faults.left).toBe(0);

        const offersOf = (person: PushPerson) => settled.filter(({ consumer }) => consumer === person.id);
        for (const person of [...atBad, ...atGood]) {
          const [offer, ...others] = offersOf(person);
          expect(others).toEqual([]);
          expect(offer).toMatchObject({ state: 'sent' });
          // As often as it came, it was the same offer; the service worker shows an id once.
          await expect.poll(() => new Set(person.received)).toEqual(new Set([offer?.id]));
          const topics = events.flatMap((event) =>
            event.kind === 'message' && event.endpoint === person.endpoint ? [event.topic] : [],
          );
          expect(new Set(topics).size).toBeLessThanOrEqual(1);
        }
        for (const person of atGood) expect(person.received).toHaveLength(1);

        // What was over before its service answered was not sent late.
        expect(offersOf(atSilent)).toMatchObject([{ state: 'expired', attempts: 1 }]);
        expect(silentEvents.filter(({ kind }) => kind === 'misbehaved')).toHaveLength(1);
        expect(atSilent.received).toEqual([]);
        expect(forbiddenConnections).toBe(0);

        const messages = events.filter((event) => event.kind === 'message');
        const versions = new Set(messages.map(({ httpVersion }) => httpVersion));
        expect(versions).toEqual(new Set([protocol === 'HTTP/2' ? '2.0' : '1.1']));
      },
    );
  },
);
