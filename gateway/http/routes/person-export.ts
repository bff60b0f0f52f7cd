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
import { badField } from '../refused.ts';
import { Choice, Closed, Id, IdParams } from '../shapes.ts';

/** Each reads the stores as fast as its reader takes it. */
const MOST_AT_ONCE = 8;
/** Of one person, so that nobody takes all places. */
const MOST_OF_ONE = 2;
/** Whoever takes nothing for so long is cut off; a piece is rarely a megabyte. */
const TAKEN_WITHIN_MS = 120_000;

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
  /** Whose exports are under way. */
  const underWay: string[] = [];

  async function send(reply: FastifyReply, consumer: string, { format = 'json', device }: Query) {
    if (format === 'csv' && device === undefined) throw badField('query/device', 'is needed with format=csv');
    if (format === 'json' && device !== undefined)
      throw badField('query/device', 'goes with format=csv only');
    const own = underWay.filter((one) => one === consumer).length;
    if (own >= MOST_OF_ONE || underWay.length >= MOST_AT_ONCE)
      throw new WaysideError(
        'too_many_exports',
        `${underWay.length} are under way, ${own} of them of this person`,
      );
    underWay.push(consumer);
    const ended = () => {
      underWay.splice(underWay.indexOf(consumer), 1);
    };
    const text = await begin(device === undefined ? json(consumer) : csv(consumer, device), ended);
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
  async function begin(pieces: AsyncGenerator<string>, ended: () => void): Promise<Readable> {
    try {
      const first = await pieces.next();
      const start = first.done === true ? '' : first.value;
      const text = following(start, pieces, () => stream.destroy(new Error('nobody takes the export')));
      const stream = Readable.from(text, { objectMode: false });
      return stream.once('close', ended);
    } catch (error) {
      ended();
      throw error;
    }
  }

  app.get(
    '/api/v1/consumers/:id/export',
    {
      // It would read all of it for nothing.
      exposeHeadRoute: false,
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
      exposeHeadRoute: false,
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

/** @param stalled called where a piece is not taken in time */
async function* following(
  first: string,
  rest: AsyncGenerator<string>,
  stalled: () => void,
): AsyncGenerator<string> {
  yield first;
  for await (const piece of rest) {
    const timer = setTimeout(stalled, TAKEN_WITHIN_MS);
    try {
      yield piece;
    } finally {
      clearTimeout(timer);
    }
  }
}
