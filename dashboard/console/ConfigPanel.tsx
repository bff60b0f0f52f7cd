import { Button, Textarea } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useCallback, useState } from 'react';
import { ApiProblem, request } from '../api/request.ts';
import type { ConfigRecord, DownlinkEvent } from '../api/shapes.ts';
import { useDownlinkEvents } from '../live/use-downlink.ts';
import { Pill } from '../look/StateBadge.tsx';
import { Trouble } from '../look/Trouble.tsx';
import { dayAndTimeOf } from '../look/when.ts';
import { parsedObject } from './parsed-object.ts';
import { useManagesDevices } from './use-role.ts';

/** What a device is to be set to beside what it says that it applied. */
export function ConfigPanel({ device }: { device: string }) {
  const path = `/api/v1/devices/${encodeURIComponent(device)}/config`;
  const queries = useQueryClient();
  const maySet = useManagesDevices();
  const [draft, setDraft] = useState<{ readonly text: string; readonly version: number } | null>(null);
  const config = useQuery({
    queryKey: ['config', device],
    queryFn: () => request<ConfigRecord>('GET', path),
  });
  const heard = useCallback(
    ({ kind }: DownlinkEvent) => {
      if (kind === 'config') void queries.invalidateQueries({ queryKey: ['config', device] });
    },
    [queries, device],
  );
  useDownlinkEvents(device, heard);
  const saved = () => {
    setDraft(null);
    void config.refetch();
  };
  const { data } = config;
  // Not for every role.
  if (config.error instanceof ApiProblem && config.error.status === 403) return null;
  return (
    <section className="device-panel" aria-labelledby="config-title">
      <div className="device-panel-head">
        <h2 id="config-title">Configuration</h2>
        {data !== undefined && <SyncPill config={data} />}
        {maySet && data !== undefined && draft === null && (
          <Button
            size="xs"
            variant="default"
            onClick={() => setDraft({ text: settingsOf(data), version: data.desiredVersion })}
          >
            {data.desired === null ? 'Set' : 'Change'}
          </Button>
        )}
      </div>
      {config.isError && <Trouble error={config.error} onRetry={() => config.refetch()} />}
      {data !== undefined && (
        <div className="config-sides">
          <Side
            title="Desired"
            version={data.desired === null ? null : data.desiredVersion}
            at={data.updatedAt}
            settings={data.desired}
            none="Nothing is set."
          />
          <Side
            title="Reported by the device"
            version={data.reportedVersion}
            at={data.reportedAt}
            settings={data.reported}
            none="It reported nothing yet."
          />
        </div>
      )}
      {draft !== null && (
        <ConfigForm
          path={path}
          draft={draft}
          onChange={setDraft}
          onDone={saved}
          onCancel={() => setDraft(null)}
        />
      )}
    </section>
  );
}

interface FormProps {
  readonly path: string;
  readonly draft: { readonly text: string; readonly version: number };
  readonly onChange: (draft: { text: string; version: number }) => void;
  readonly onDone: () => void;
  readonly onCancel: () => void;
}

function ConfigForm({ path, draft, onChange, onDone, onCancel }: FormProps) {
  const parsed = parsedObject(draft.text);
  const save = useMutation({
    // One above the version that was read: who changed it meanwhile is not overwritten, for the gateway refuses that.
    mutationFn: () =>
      request<ConfigRecord>('PUT', path, {
        ...(parsed.ok ? parsed.value : {}),
        version: draft.version + 1,
      }),
    onSuccess: onDone,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (parsed.ok) save.mutate();
  };
  return (
    <form className="surface device-form" onSubmit={submit}>
      <Textarea
        label="Desired configuration, as a JSON object"
        description={`It becomes version ${draft.version + 1}.`}
        autosize
        minRows={4}
        maxRows={24}
        value={draft.text}
        onChange={(event) => onChange({ ...draft, text: event.currentTarget.value })}
        error={parsed.ok ? null : parsed.message}
      />
      <div className="device-form-buttons">
        <Button type="submit" loading={save.isPending} disabled={!parsed.ok}>
          Save configuration
        </Button>
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
      </div>
      {save.isError && <Trouble error={save.error} />}
    </form>
  );
}

interface SideProps {
  readonly title: string;
  readonly version: number | null;
  readonly at: number | null;
  readonly settings: Readonly<Record<string, unknown>> | null;
  readonly none: string;
}

function Side({ title, version, at, settings, none }: SideProps) {
  return (
    <section className="surface config-side" aria-label={title}>
      <h3>{title}</h3>
      <p className="soft">
        {version === null ? none : `Version ${version}${at === null ? '' : `, ${dayAndTimeOf(at)}`}`}
      </p>
      {settings !== null && <pre>{JSON.stringify(withoutVersion(settings), null, 2)}</pre>}
    </section>
  );
}

function SyncPill({ config: { desired, reported, inSync } }: { config: ConfigRecord }) {
  if (desired === null) return null;
  if (inSync) return <Pill tone="good">In sync</Pill>;
  return reported?.status === 'error' ? (
    <Pill tone="bad">The device could not apply it</Pill>
  ) : (
    <Pill tone="warn">Not applied yet</Pill>
  );
}

function settingsOf({ desired }: ConfigRecord): string {
  return JSON.stringify(desired === null ? {} : withoutVersion(desired), null, 2);
}

function withoutVersion({ version: _, ...settings }: Readonly<Record<string, unknown>>): object {
  return settings;
}
