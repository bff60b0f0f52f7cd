import { Type } from '@fastify/type-provider-typebox';
import { newToken } from '../../../broker/credentials.ts';
import { WaysideError } from '../../errors.ts';
import { importDevices } from '../../records/device-import.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { devicesOfCsv, MAX_IMPORT_ROWS } from '../device-csv.ts';
import { changeBy } from '../identity.ts';
import { Choice } from '../shapes.ts';

/** More than 10,000 rows of the longest ids and types. */
const MAX_CSV_BYTES = 4 * 1024 * 1024;

const RowReport = Type.Object({
  row: Type.Integer({ description: 'As a spreadsheet counts: the header is row 1' }),
  id: Type.String(),
  status: Choice('registered', 'refused'),
  token: Type.Optional(Type.String({ description: 'The MQTT password; shown this once' })),
  code: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
});

/** Registration in bulk. In a scope of its own, for its bodies are CSV. */
export async function registerDeviceImportRoute(app: HttpApp, { deps, newId }: RouteContext): Promise<void> {
  app.addContentTypeParser(
    'text/csv',
    { parseAs: 'string', bodyLimit: MAX_CSV_BYTES },
    async (_request: unknown, text: string) => text,
  );

  app.post(
    '/api/v1/devices/import',
    {
      schema: {
        summary: 'Register devices from CSV',
        description: `A header row with \`id\`, \`type\` and, where wanted, \`consumerId\`; at most ${MAX_IMPORT_ROWS} rows. Each row stands for itself: good ones are registered, all others are refused with the reason. The good ones are one transaction.`,
        tags: ['devices'],
        consumes: ['text/csv'],
        body: Type.Unsafe<unknown>({ description: 'CSV' }),
        response: {
          200: Type.Object({
            registered: Type.Integer(),
            refused: Type.Integer(),
            rows: Type.Array(RowReport),
          }),
        },
      },
    },
    async (request, reply) => {
      if (typeof request.body !== 'string')
        throw new WaysideError('unsupported_media_type', 'send CSV with Content-Type: text/csv');
      const read = devicesOfCsv(request.body);
      const devices = read.flatMap((device) =>
        device.kind === 'device' ? [{ ...device, deviceKey: newId(), token: newToken() }] : [],
      );
      const refusals = await importDevices(deps.records, devices, changeBy(deps, request));
      const tokens = new Map(devices.map(({ row, token }) => [row, token]));
      const rows = read.map((device) => {
        const { row, id } = device;
        if (device.kind === 'wrong')
          return { row, id, status: 'refused' as const, code: 'bad_request', message: device.message };
        const refusal = refusals.get(id);
        if (refusal !== undefined) return { row, id, status: 'refused' as const, ...refusal };
        return { row, id, status: 'registered' as const, token: tokens.get(row) ?? '' };
      });
      const ids = devices.flatMap(({ id }) => (refusals.has(id) ? [] : [id]));
      if (ids.length > 0) await deps.changed({ kind: 'devices', ids });
      const people = new Set(
        devices.flatMap(({ id, consumerId }) => (refusals.has(id) ? [] : (consumerId ?? []))),
      );
      if (people.size > 0) await deps.changed({ kind: 'consumers', ids: [...people] });
      return reply.send({ registered: ids.length, refused: rows.length - ids.length, rows });
    },
  );
}
