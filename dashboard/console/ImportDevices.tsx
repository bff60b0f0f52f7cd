import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { request } from '../api/request.ts';
import type { ImportReport } from '../api/shapes.ts';
import { FoldForm } from './FoldForm.tsx';
import { ScrollRegion } from './ScrollRegion.tsx';

/** More refused rows than anybody reads; all are in the report. */
const SHOWN_ROWS = 50;

/** Many devices from CSV, with what became of each row. */
export function ImportDevices() {
  const queries = useQueryClient();
  const file = useRef<HTMLInputElement>(null);
  const upload = useMutation({
    mutationFn: async (csv: File) =>
      request<ImportReport>(
        'POST',
        '/api/v1/devices/import',
        new Blob([await csv.text()], { type: 'text/csv' }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['list', '/api/v1/devices'] }),
  });
  return (
    <FoldForm
      title="Register many from CSV"
      submit="Register all"
      onSubmit={() => {
        const chosen = file.current?.files?.[0];
        if (chosen !== undefined) upload.mutate(chosen);
      }}
      isPending={upload.isPending}
      error={upload.error}
      outcome={upload.data !== undefined && <Report report={upload.data} />}
    >
      <label className="fold-file">
        CSV file with the columns id, type and, where wanted, consumerId
        <input ref={file} type="file" accept=".csv,text/csv" required />
      </label>
    </FoldForm>
  );
}

function Report({ report }: { report: ImportReport }) {
  const refused = report.rows.filter(({ status }) => status === 'refused');
  return (
    <div role="status">
      <p>
        <strong>{`${report.registered} registered, ${report.refused} refused.`}</strong> The report has the
        tokens: they are told this once.
      </p>
      <Button variant="default" onClick={() => save('devices-report.csv', csvOf(report))}>
        Save the report with the tokens
      </Button>
      {refused.length > 0 && (
        <ScrollRegion label="Refused rows" className="list-table">
          <table>
            <thead>
              <tr>
                <th scope="col">Row</th>
                <th scope="col">Device</th>
                <th scope="col">Why it was refused</th>
              </tr>
            </thead>
            <tbody>
              {refused.slice(0, SHOWN_ROWS).map(({ row, id, message }) => (
                <tr key={row}>
                  <th scope="row">{row}</th>
                  <td>{id}</td>
                  <td>{message}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {refused.length > SHOWN_ROWS && (
            <p className="soft">{`${refused.length - SHOWN_ROWS} more are in the report.`}</p>
          )}
        </ScrollRegion>
      )}
    </div>
  );
}

function csvOf({ rows }: ImportReport): string {
  // What begins with = + - @ would be a formula to a spreadsheet: tokens may, and are texts.
  const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const lines = rows.map(({ row, id, status, token = '', message = '' }) =>
    [String(row), id, status, token, message].map(cell).join(','),
  );
  return ['row,id,status,token,message', ...lines, ''].join('\r\n');
}

function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
