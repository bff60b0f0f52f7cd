import { Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { request } from '../../api/request.ts';
import { linesOf } from '../lines-of.ts';
import { EditForm } from './EditForm.tsx';

interface FillReport {
  readonly added: number;
  readonly duplicates: { readonly count: number; readonly codes: readonly string[] };
  readonly refused: {
    readonly count: number;
    readonly problems: readonly { readonly path: string; readonly message: string }[];
  };
  readonly left: number;
}

interface Props {
  readonly pool: { readonly id: string; readonly name: string };
  readonly onFilled: () => unknown;
  readonly onClose: () => void;
}

const SHOWN = 20;

/** Codes into a pool: pasted, or from a file. */
export function FillPool({ pool, onFilled, onClose }: Props) {
  const [text, setText] = useState('');
  const file = useRef<HTMLInputElement>(null);
  const fill = useMutation({
    mutationFn: () => {
      const chosen = file.current?.files?.[0];
      const parts = [text.trim(), ...(chosen === undefined ? [] : ['\n', chosen])];
      const body = chosen === undefined ? linesOf(text) : new Blob(parts, { type: 'text/csv' });
      return request<FillReport>('POST', `/api/v1/code-pools/${encodeURIComponent(pool.id)}/codes`, body);
    },
    onSuccess: () => {
      setText('');
      if (file.current !== null) file.current.value = '';
      return onFilled();
    },
  });
  return (
    <>
      <EditForm
        title={`Add codes to ${pool.name}`}
        save="Add codes"
        busy={fill.isPending}
        error={fill.error}
        onSave={() => fill.mutate()}
        onCancel={onClose}
      >
        <Textarea
          className="edit-wide cel-field"
          label="Codes"
          description="One a line. What the pool has already is not added again."
          autosize
          minRows={3}
          maxRows={10}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <label className="fold-file">
          Or a CSV file with the codes in its first column, up to 100,000
          <input ref={file} type="file" accept=".csv,.txt,text/csv,text/plain" />
        </label>
      </EditForm>
      {fill.data !== undefined && <Report report={fill.data} />}
    </>
  );
}

function Report({ report: { added, duplicates, refused, left } }: { report: FillReport }) {
  return (
    <div className="fence-saved" role="status">
      <p>{`${added.toLocaleString()} added, ${left.toLocaleString()} left in the pool.`}</p>
      {duplicates.count > 0 && (
        <p>{`${duplicates.count.toLocaleString()} were there already: ${some(duplicates.codes)}`}</p>
      )}
      {refused.count > 0 && (
        <p>{`${refused.count.toLocaleString()} were refused: ${some(refused.problems.map(({ path, message }) => `${path} ${message}`))}`}</p>
      )}
    </div>
  );
}

const some = (texts: readonly string[]): string =>
  texts.slice(0, SHOWN).join(', ') + (texts.length > SHOWN ? ' …' : '');
