import { field, OWN_ID, personTable, SECRET, time, withheld } from './person-table.ts';

/** What is noted of each thing that a person says of a consent. */
const SAID = {
  consumer_id: OWN_ID,
  purpose: field('purpose', 'What it is for'),
  source: field('source', 'Where you said so'),
  at: time('at', 'When you said so'),
  policy_version: field('policyVersion', 'Version of the consent policy that you were shown'),
  wording: field('wording', 'What it said there'),
};

/** Who the person is, what they agreed to, and how they sign in. */
export const PEOPLE_TABLES = {
  consumers: personTable('consumers', {
    links: [{ by: 'consumer', column: 'id' }],
    goes: 'deleted',
    export: { as: 'profile', what: 'What is known of you' },
    fields: {
      id: field('id', 'Your id'),
      attributes_json: field('attributes', 'What was noted of you, for rules to ask for', { form: 'json' }),
      timezone: field('timezone', 'Your IANA time zone'),
      quiet_hours_json: field('quietHours', 'From when to when no offers come, local time', { form: 'json' }),
      created_at: time('createdAt', 'When you were added'),
      email: field('email', 'Your e-mail address'),
      webhook: field('webhook', 'Id of the webhook that your offers go to'),
    },
  }),
  consents: personTable('consents', {
    links: [{ by: 'consumer', column: 'consumer_id' }],
    goes: 'deleted',
    export: { as: 'consents', what: 'What you agree to now' },
    fields: {
      ...SAID,
      granted: field('granted', 'Whether you agree', { form: 'boolean' }),
    },
  }),
  consent_log: personTable('consent_log', {
    links: [{ by: 'consumer', column: 'consumer_id' }],
    goes: 'with-its-parent',
    export: { as: 'consentHistory', what: 'All that you ever said of consents' },
    fields: {
      ...SAID,
      id: withheld('a running number'),
      granted: field('granted', 'Whether you agreed', { form: 'boolean' }),
    },
  }),
  push_subscriptions: personTable('push_subscriptions', {
    links: [{ by: 'consumer', column: 'consumer_id' }],
    goes: 'deleted',
    export: { as: 'browsers', what: 'Browsers that may receive offers' },
    fields: {
      id: field('id', 'Id of the subscription'),
      consumer_id: OWN_ID,
      sealed: field(
        'address',
        'Its address at the push service, and the key that messages to it are encrypted for',
        {
          form: 'sealed-address',
        },
      ),
      endpoint_lookup: withheld('a keyed digest of the address'),
      origin: field('service', 'The push service'),
      vapid_key: field('vapidKey', 'The public key that messages to it are signed with'),
      created_at: time('createdAt', 'When it was added'),
      gone_at: time('goneAt', 'When the push service said that it is no more'),
    },
  }),
  sessions: personTable('sessions', {
    links: [{ by: 'consumer', column: 'subject', where: { column: 'kind', is: 'consumer' } }],
    goes: 'deleted',
    export: { as: 'sessions', what: 'Browsers that are signed in' },
    fields: {
      token_hash: SECRET,
      kind: withheld('always "consumer" here'),
      subject: OWN_ID,
      role: withheld('of staff alone'),
      expires_at: time('expiresAt', 'When the session ends'),
      id: field('id', 'Id of the session'),
      created_at: time('createdAt', 'When you signed in'),
      last_seen_at: time('lastSeenAt', 'When it was used last'),
      browser: field('browser', 'Which browser'),
      opened_with: field('openedWith', 'How you signed in'),
    },
  }),
  invitations: personTable('invitations', {
    links: [{ by: 'consumer', column: 'consumer_id' }],
    goes: 'deleted',
    export: { as: 'invitations', what: 'One-time links that you were given' },
    fields: {
      code_hash: SECRET,
      consumer_id: OWN_ID,
      expires_at: time('expiresAt', 'Until when the link is good'),
      used_at: time('usedAt', 'When it was used'),
    },
  }),
  login_codes: personTable('login_codes', {
    links: [{ by: 'consumer', column: 'consumer_id' }],
    goes: 'deleted',
    export: { as: 'signInLinks', what: 'Links to sign in that you were sent and did not use' },
    fields: {
      code_hash: SECRET,
      consumer_id: OWN_ID,
      email_hash: withheld('a digest of your address'),
      expires_at: time('expiresAt', 'Until when the link is good'),
    },
  }),
  passkeys: personTable('passkeys', {
    links: [{ by: 'consumer', column: 'consumer_id' }],
    goes: 'deleted',
    export: { as: 'passkeys', what: 'Passkeys with which you can sign in' },
    fields: {
      id: field('id', 'Id of the passkey'),
      consumer_id: OWN_ID,
      user_handle: field('userHandle', 'What your authenticator knows you by'),
      public_key: field('publicKey', 'Its public key; Base64', { form: 'base64' }),
      counter: field('counter', 'How often it was used, where it counts that'),
      transports_json: field('transports', 'How it can be reached', { form: 'json' }),
      backed_up: field('backedUp', 'Whether it is kept elsewhere too', { form: 'boolean' }),
      name: field('name', 'Its name'),
      created_at: time('createdAt', 'When it was added'),
      last_used_at: time('lastUsedAt', 'When it was used last'),
    },
  }),
  fewer: personTable('fewer', {
    links: [{ by: 'consumer', column: 'consumer_id' }],
    goes: 'deleted',
    export: { as: 'fewer', what: 'Rules of which you want fewer offers' },
    fields: {
      consumer_id: OWN_ID,
      rule: field('rule', 'Id of the rule'),
      level: field('level', '1: at most one a week; 2: none'),
      since: time('since', 'When the last one came'),
    },
  }),
  audit_names: personTable('audit_names', {
    links: [
      { by: 'consumer', column: 'owner', where: { column: 'kind', is: 'consumer' } },
      { by: 'device', column: 'owner', where: { column: 'kind', is: 'device' } },
    ],
    goes: 'deleted',
    export: { as: 'namesInAuditLog', what: 'Under which refs you and your devices stand in the audit log' },
    fields: {
      ref: field('ref', 'The ref'),
      kind: field('kind', 'Whether it is you or a device'),
      owner: field('owner', 'Your id, or that of the device'),
      name: field('name', 'What the ref stands for'),
      salt: withheld('what makes the ref unguessable'),
    },
  }),
  subject_memories: personTable('subject_memories', {
    links: [{ by: 'subject', column: 'subject' }],
    goes: 'deleted',
    export: {
      as: 'remembered',
      what: 'What the rules remember of you and your devices: latest positions and values, open visits, what you were sent',
    },
    fields: {
      subject: field('subject', '"c:" and your id, or "d:" and that of a device'),
      memory_json: field('memory', 'Latest positions and values, open visits, what you were sent', {
        form: 'json',
      }),
      wake_at: time('wakeAt', 'When the rules look again'),
    },
  }),
  consumer_erasures: personTable('consumer_erasures', {
    links: [{ by: 'consumer', column: 'consumer_id' }],
    goes: 'with-the-erasure',
    export: withheld('there only while a person is erased'),
    fields: {
      consumer_id: OWN_ID,
      engine_forgot: withheld('a step of the erasure'),
      requested_at: withheld('there only while a person is erased'),
    },
  }),
} as const;
