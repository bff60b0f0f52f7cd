import type { AuditEntry } from '../../../gateway/records/audit.ts';
import type { AuditNoun } from '../../../gateway/records/audit-actions.ts';
import type { ReadKind } from '../../../gateway/records/audit-reads.ts';

/** What actions are about, by their first word: the filter's choices. */
export const NOUNS: Readonly<Record<AuditNoun, string>> = {
  consumer: 'Consumers',
  consent: 'Consents',
  device: 'Devices',
  devices: 'Imports of devices',
  people: 'Lists of everybody',
  push_subscription: 'Browsers',
  passkey: 'Passkeys',
  rule: 'Rules',
  place: 'Places',
  places: 'Imports of places',
  'sensitive-zone': 'Sensitive zones',
  'sensitive-zones': 'Imports of sensitive zones',
  segment: 'Segments',
  trait: 'Traits',
  campaign: 'Campaigns',
  'code-pool': 'Code pools',
  pacing: 'Pacing',
  sending: 'Sending',
  'push-key': 'Push key',
  webhook: 'Webhooks',
  'consent-policy': 'Consent policy',
  till: 'Tills',
  redemption: 'Redemptions by staff',
  'device-type': 'Device types',
  'fleet-key': 'Fleet keys',
  service: 'Service accounts',
  quarantine: 'Quarantine',
  user: 'Users',
  backup: 'Backups',
};

const LOOKED_AT: Readonly<Record<ReadKind, string>> = {
  backtest: 'their way in a backtest',
  browsers: 'browsers',
  commands: 'commands',
  configuration: 'configuration',
  consents: 'consents',
  decisions: 'decisions',
  deliveries: 'deliveries',
  device: 'the device',
  devices: 'devices',
  explanation: 'an explanation',
  export: 'the export',
  live: 'the live page',
  profile: 'the profile',
  profiles: 'profiles',
  quality: 'data quality',
  quarantine: 'quarantined messages',
  telemetry: 'telemetry',
  visits: 'visits',
};

/** An action as people say it: `device.token_replaced` is "device: token replaced". */
export function actionWords({ action, detail }: Pick<AuditEntry, 'action' | 'detail'>): string {
  const dot = action.indexOf('.');
  const [noun, done] = [action.slice(0, dot), action.slice(dot + 1)];
  if (done === 'read') {
    const { what } = detail as { readonly what: ReadKind };
    return `looked at ${LOOKED_AT[what] ?? what}`;
  }
  return `${noun.replaceAll(/[-_]/g, ' ')} ${done.replaceAll('_', ' ')}`;
}

/** Fields of the detail that are not told by the words above. */
export function detailFields({ action, detail }: Pick<AuditEntry, 'action' | 'detail'>): readonly {
  readonly name: string;
  readonly text: string;
}[] {
  const isRead = action.endsWith('.read');
  return Object.entries(detail as Readonly<Record<string, unknown>>).flatMap(([name, value]) => {
    if (isRead && name === 'what') return [];
    return [{ name, text: typeof value === 'string' ? value : JSON.stringify(value) }];
  });
}
