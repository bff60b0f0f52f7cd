import { Readable } from 'node:stream';
import { Type } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { WaysideError } from '../../errors.ts';
import { exportedDevice } from '../../export/exported-devices.ts';
import { personExport } from '../../export/person-export.ts';
import { readingsCsv } from '../../export/readings-csv.ts';
import { listDeviceTypes } from '../../records/device-types.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { consumerOf } from '../identity.ts';
import { Choice, Closed, Id, IdParams } from '../shapes.ts';

/** Each reads the stores as fast as its reader takes it. */
const MOST_AT_ONCE = 4;

const Asked = Closed({
  format: Type.Optional(Choice('json', 'csv')),
  device: Type.Optional({ ...Id, description: 'Whose readings are wanted, with `format=csv`' }),
});
const description =
  'JSON: all that is known of the person, with a description of each field under `about`, and all that their devices reported. CSV: the readings of one device, a line each. It is streamed: an answer that breaks off is not whole.';

type Query = { readonly format?: 'json' | 'csv'; readonly device?: string };

/** Everything that is known of a person, to take away. */
export function registerPersonExportRoutes(app: HttpApp, { deps }: RouteContext): void {
  const { records: db, telemetry, seal, clock } = deps;
  let underWay = 0;

  async function send(reply: FastifyReply, consumer: string, { format = 'json', device }: Query) {
    if (format === 'csv' && device === undefined) throw badDevice('is needed with format=csv');
    if (format === 'json' && device !== undefined) throw badDevice('goes with format=csv only');
    if (underWay >= MOST_AT_ONCE)
      throw new WaysideError('too_many_exports', `${MOST_AT_ONCE} are under way already`);
    underWay += 1;
    const text = device === undefined ? await begin(json(consumer)) : await begin(csv(consumer, device));
    const name = device === undefined ? 'wayside-export.json' : `wayside-${device}.csv`;
    return reply
      .type(device === undefined ? 'application/json; charset=utf-8' : 'text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="${name}"`)
      .send(text);
  }

  const json = (consumer: string) => personExport({ db, telemetry, seal, now: () => clock.now() }, consumer);

  async function* csv(consumer: string, id: string): AsyncGenerator<string> {
    const device = await exportedDevice(db, consumer, id);
    const type = (await listDeviceTypes(db)).find((one) => one.id === device.type) ?? null;
    yield* readingsCsv(telemetry, device, type, clock.now());
  }

  /** Takes the first piece, for what is wrong is known by then; the rest comes as it is read. */
  async function begin(pieces: AsyncGenerator<string>): Promise<Readable> {
    const ended = () => {
      underWay -= 1;
    };
    try {
      const first = await pieces.next();
      const stream = Readable.from(following(first.done === true ? '' : first.value, pieces), {
        objectMode: false,
      });
      return stream.once('close', ended);
    } catch (error) {
      ended();
      throw error;
    }
  }

  app.get(
    '/api/v1/consumers/:id/export',
    {
      schema: {
        summary: 'Everything known of a person',
        description,
        tags: ['consumers'],
        params: IdParams,
        querystring: Asked,
      },
    },
    (request, reply) => send(reply, request.params.id, request.query),
  );

  app.get(
    '/api/v1/me/export',
    {
      schema: {
        summary: 'Everything known of me',
        description,
        tags: ['consumer page'],
        querystring: Asked,
      },
    },
    (request, reply) => send(reply, consumerOf(request), request.query),
  );
}

async function* following(first: string, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  yield first;
  yield* rest;
}

function badDevice(message: string): WaysideError {
  return new WaysideError('bad_request', `query/device ${message}`, {
    problems: [{ path: 'query/device', message }],
  });
}
