import { describe, expect, it } from 'vitest';
import { judgeRefusal } from '../../../gateway/telemetry/influx-refusal.ts';

const LINES = [
  'readings,device=a receivedAt=1i,n.n=1 1',
  'readings,device=a receivedAt=1i,bad.n=2 2',
  'readings,device=a receivedAt=1i,n.n=3 3',
  'readings,device=b receivedAt=1i,lat=1,bad.n=4 4',
];
const conflict = (field: string, dropped: number) =>
  `partial write: field type conflict: input field "${field}" on measurement "readings" is type float, already exists as type string dropped=${dropped}`;
const one = (error: string) => JSON.stringify({ error });
const two = (code: string, message: string) => JSON.stringify({ code, message });

describe("what InfluxDB's answer means for the lines", () => {
  it.each<[string, number | null, string, number[]]>([
    ['1.x names the field of all that it dropped', 400, one(conflict('bad.n', 2)), [1, 3]],
    [
      '2.x does the same',
      422,
      two('unprocessable entity', `failure writing points to database: ${conflict('bad.n', 2)}`),
      [1, 3],
    ],
    ['1.x dropped all', 400, one('partial write: points beyond retention policy dropped=4'), [0, 1, 2, 3]],
    [
      '3 names the lines',
      400,
      JSON.stringify({
        error: 'partial write of line protocol occurred',
        data: [{ original_line: LINES[3], line_number: 4, error_message: 'invalid column type' }],
      }),
      [3],
    ],
  ])('%s', (_name, status, body, bad) => {
    const refusal = judgeRefusal(status, body, LINES);
    expect(refusal.kind === 'some_bad' && [...refusal.bad.keys()]).toEqual(bad);
  });

  it.each<[string, number | null, string]>([
    ['its count is another than that of the lines with the field', 400, one(conflict('bad.n', 1))],
    ['it could not read some', 400, one("partial write: unable to parse 'x': missing fields")],
    ['2.x read none of them', 400, two('invalid', "unable to parse 'x': missing fields")],
    ['its words came cut', 400, '{"error":"partial write of line protocol occurred","data":[{"orig'],
  ])('must be found out by halving where %s', (_name, status, body) => {
    expect(judgeRefusal(status, body, LINES).kind).toBe('unknown_bad');
  });

  it.each<[string, number | null, string]>([
    ['nobody answered', null, ''],
    ['the server is in trouble', 500, one('timeout')],
    ['the token is wrong', 401, one('authorization failed')],
    ['there is no database', 404, one('database not found: "wayside"')],
    ['a proxy says so', 400, '<html>partial write: unable to parse</html>'],
    ['the body came cut', 400, one('unexpected EOF')],
    ['JSON says nothing of lines', 400, 'null'],
    [
      'a tag has too many values',
      400,
      one('partial write: max-values-per-tag limit exceeded (1/1): dropped=2'),
    ],
    ['the bucket belongs to something else', 400, one(conflict('lat', 4))],
    ['a small line is too large', 413, ''],
  ])('says nothing about them where %s', (_name, status, body) => {
    const lines = status === 413 ? LINES.slice(0, 1) : LINES;
    expect(judgeRefusal(status, body, lines).kind).toBe('later');
  });

  it('has them sent in smaller requests after a 413, down to a line that is large itself', () => {
    expect(judgeRefusal(413, '', LINES).kind).toBe('too_large');
    expect(judgeRefusal(413, '', ['x'.repeat(100_000)]).kind).toBe('too_large');
  });
});
