/**
 * What an action is about, by its first word: a person, a device (both are kept under refs), or something that may stand in
 * the audit log for ever under its own id.
 */
const NOUNS = {
  consumer: 'consumer',
  consent: 'consumer',
  passkey: 'consumer',
  push_subscription: 'consumer',
  device: 'device',
  backup: 'thing',
  campaign: 'thing',
  'code-pool': 'thing',
  'consent-policy': 'thing',
  'device-type': 'thing',
  devices: 'thing',
  'fleet-key': 'thing',
  pacing: 'thing',
  people: 'thing',
  place: 'thing',
  places: 'thing',
  'push-key': 'thing',
  quarantine: 'thing',
  redemption: 'thing',
  rule: 'thing',
  segment: 'thing',
  sending: 'thing',
  'sensitive-zone': 'thing',
  'sensitive-zones': 'thing',
  service: 'thing',
  till: 'thing',
  trait: 'thing',
  user: 'thing',
  webhook: 'thing',
} as const satisfies Readonly<Record<string, 'consumer' | 'device' | 'thing'>>;

export type AuditNoun = keyof typeof NOUNS;

/** Such as `rule.saved`: a noun of the table above and what was done. */
export type AuditAction = `${AuditNoun}.${string}`;

/** Whether the subject of an action is a person, a device or a thing. */
export function subjectKind(action: AuditAction): 'consumer' | 'device' | 'thing' {
  return NOUNS[action.slice(0, action.indexOf('.')) as AuditNoun];
}
