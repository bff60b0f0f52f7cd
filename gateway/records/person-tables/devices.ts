import { field, personTable, time, withheld } from './person-table.ts';

const SECRET = 'a keyed or one-way digest of a secret';
const DEVICE = field('device', 'Id of the device');

/** The devices that are linked to the person, and what the records hold of them. Children before what they refer to. */
export const DEVICE_TABLES = {
  quarantine: personTable('quarantine', {
    links: [{ by: 'device', column: 'device' }],
    goes: 'deleted',
    export: {
      as: 'quarantine',
      what: 'Messages of your devices that could not be understood',
      since: 'last_seen_at',
    },
    fields: {
      id: field('id', 'Id of the message'),
      device: DEVICE,
      topic: field('topic', 'On which topic it came'),
      code: field('code', 'What is wrong, as a code'),
      message: field('message', 'What is wrong'),
      payload: field('payload', 'The message as it came, at least its beginning; Base64', { form: 'base64' }),
      payload_digest: withheld('a digest of the message'),
      first_seen_at: time('firstSeenAt', 'When it came first'),
      last_seen_at: time('lastSeenAt', 'When it came last'),
      count: field('count', 'How often it came'),
      part_json: field('part', 'Which part of the message it is about', { form: 'json' }),
      readings_taken: field('readingsTaken', 'How many readings could be taken out of it'),
      payload_bytes: field('payloadBytes', 'Its size as sent', { unit: 'bytes' }),
      tries: field('tries', 'How often it was tried again'),
    },
  }),
  commands: personTable('commands', {
    links: [{ by: 'device', column: 'device' }],
    goes: 'deleted',
    export: {
      as: 'commands',
      what: 'Commands that your devices were given, and their answers',
      since: 'created_at',
    },
    fields: {
      seq: withheld('a running number'),
      id: field('id', 'Id of the command'),
      device: DEVICE,
      name: field('name', 'Its name'),
      args_json: field('args', 'What it was given along', { form: 'json' }),
      state: field('state', 'How far it came'),
      created_at: time('createdAt', 'When it was given'),
      expires_at: time('expiresAt', 'Until when it was to be carried out'),
      sent_at: time('sentAt', 'When it was sent'),
      delivered_at: time('deliveredAt', 'When the device had it'),
      answered_at: time('answeredAt', 'When the device answered'),
      reply_status: field('replyStatus', 'Whether it went well'),
      reply_json: field('reply', 'What the device answered', { form: 'json' }),
    },
  }),
  device_configs: personTable('device_configs', {
    links: [{ by: 'device', column: 'device' }],
    goes: 'deleted',
    export: { as: 'configurations', what: 'What your devices are set to' },
    fields: {
      device: DEVICE,
      version: field('version', 'Of what is desired'),
      desired_json: field('desired', 'What it is to be set to', { form: 'json' }),
      updated_at: time('updatedAt', 'When that was said'),
      announced_version: withheld('a step of the broker'),
      reported_version: field('reportedVersion', 'Of what it says that it is set to'),
      reported_json: field('reported', 'What it says that it is set to', { form: 'json' }),
      reported_at: time('reportedAt', 'When it said so'),
    },
  }),
  device_presence: personTable('device_presence', {
    links: [{ by: 'device', column: 'device' }],
    goes: 'deleted',
    export: { as: 'presence', what: 'Whether your devices are connected' },
    fields: {
      device: DEVICE,
      state: field('state', 'Online or offline'),
      since: time('since', 'Since when'),
      last_seen_at: time('lastSeenAt', 'When it was last heard'),
      reason: field('reason', 'Why it is offline'),
    },
  }),
  quality_counts: personTable('quality_counts', {
    links: [{ by: 'device', column: 'device' }],
    goes: 'deleted',
    export: {
      as: 'faults',
      what: 'What was wrong with what your devices said, counted by day',
      since: 'last_seen_at',
    },
    fields: {
      device: DEVICE,
      day: field('day', 'The day (UTC)', { unit: 'days since 1970-01-01' }),
      kind: field('kind', 'What was wrong'),
      name: field('name', 'With which metric'),
      count: field('count', 'How often'),
      last_seen_at: time('lastSeenAt', 'When last'),
    },
  }),
  quality_days: personTable('quality_days', {
    links: [{ by: 'device', column: 'device' }],
    goes: 'deleted',
    export: { as: 'quality', what: 'How much your devices said, by day', since: 'last_seen_at' },
    fields: {
      device: DEVICE,
      day: field('day', 'The day (UTC)', { unit: 'days since 1970-01-01' }),
      readings: field('readings', 'How many readings came'),
      stored: field('stored', 'How many were kept'),
      issues: field('issues', 'How often something was wrong'),
      first_seen_at: time('firstSeenAt', 'The first'),
      last_seen_at: time('lastSeenAt', 'The last'),
    },
  }),
  dialect_states: personTable('dialect_states', {
    links: [{ by: 'row', column: 'alias', of: 'device_aliases', itsColumn: 'alias' }],
    goes: 'deleted',
    export: { as: 'dialectStates', what: 'What is remembered between messages of your devices' },
    fields: {
      alias: field('alias', 'What the device is called'),
      definitions_json: field('definitions', 'What it said of its metrics', { form: 'json' }),
      progress_json: field('progress', 'How far its messages came', { form: 'json' }),
    },
  }),
  device_aliases: personTable('device_aliases', {
    links: [{ by: 'device', column: 'device_id' }],
    goes: 'deleted',
    export: { as: 'aliases', what: 'What your devices are called in other protocols' },
    fields: {
      alias: field('alias', 'What it is called'),
      device_id: DEVICE,
      speaker: field('speaker', 'Who speaks for it'),
    },
  }),
  claim_codes: personTable('claim_codes', {
    links: [{ by: 'device', column: 'device_id' }],
    goes: 'deleted',
    export: { as: 'claimCodes', what: 'One-time codes with which your devices could be claimed' },
    fields: {
      device_id: DEVICE,
      code_hash: withheld(SECRET),
      expires_at: time('expiresAt', 'Until when the code is good'),
    },
  }),
  bridged_devices: personTable('bridged_devices', {
    links: [{ by: 'device', column: 'device_id' }],
    goes: 'deleted',
    export: { as: 'bridged', what: 'Your devices that were heard of through another broker' },
    fields: { device_id: DEVICE },
  }),
  previous_tokens: personTable('previous_tokens', {
    links: [{ by: 'device', column: 'user_id' }],
    goes: 'deleted',
    export: { as: 'oldTokens', what: 'Old tokens of your devices that are still good' },
    fields: {
      token_lookup: withheld(SECRET),
      user_id: DEVICE,
      token_hash: withheld(SECRET),
      expires_at: time('expiresAt', 'Until when it is good'),
    },
  }),
  seen_packets: personTable('seen_packets', {
    links: [{ by: 'device-key', column: 'device_key' }],
    goes: 'deleted',
    export: { as: 'packets', what: 'Which of the messages of your devices came last, to know repeated ones' },
    fields: {
      client_id: field('client', 'MQTT client id of the sender'),
      block: withheld('a running number'),
      newest_minute: withheld('a running number'),
      packets: withheld('checksums of messages'),
      device_key: withheld('a random name in the telemetry store, which means nothing by itself'),
    },
  }),
  reading_verdicts: personTable('reading_verdicts', {
    links: [{ by: 'device-key', column: 'device_key' }],
    goes: 'deleted',
    export: withheld('readings on their way into the telemetry store, which are under `telemetry` then'),
    fields: {
      seq: withheld('a running number'),
      verdict_json: withheld('of a reading, which is under `telemetry`'),
      device_key: withheld('a random name in the telemetry store, which means nothing by itself'),
    },
  }),
  seen_readings_0: seenReadings('seen_readings_0'),
  seen_readings_1: seenReadings('seen_readings_1'),
  devices: personTable('devices', {
    links: [
      { by: 'consumer', column: 'consumer_id' },
      { by: 'device', column: 'id', forErasureAlone: true },
    ],
    goes: 'deleted',
    export: { as: 'devices', what: 'Devices that are linked to you' },
    fields: {
      id: field('id', 'Id of the device'),
      device_key: withheld('a random name in the telemetry store, which means nothing by itself'),
      type: field('type', 'What it is'),
      consumer_id: withheld('the id of the person, as above'),
      token_hash: withheld(SECRET),
      token_lookup: withheld(SECRET),
      created_at: time('createdAt', 'When it was registered'),
      revoked_at: time('revokedAt', 'Since when it may not connect'),
      fleet_key: field('fleetKey', 'By which key it came in'),
      linked_at: time('linkedAt', 'Since when it is linked to you'),
    },
  }),
  device_erasures: personTable('device_erasures', {
    links: [{ by: 'consumer', column: 'consumer_id' }],
    goes: 'with-the-erasure',
    export: { as: 'erasedDevices', what: 'Devices of yours that are being erased' },
    fields: {
      device_key: withheld('a random name in the telemetry store, which means nothing by itself'),
      device_id: DEVICE,
      consumer_id: withheld('the id of the person, as above'),
      up_to_seq: withheld('a step of the erasure'),
      telemetry_gone: field('telemetryGone', 'Whether its readings are gone', { form: 'boolean' }),
      sessions_gone: withheld('a step of the erasure'),
      journal_gone: withheld('a step of the erasure'),
      aliases_json: withheld('a step of the erasure'),
      requested_at: time('requestedAt', 'Since when'),
    },
  }),
} as const;

function seenReadings(table: 'seen_readings_0' | 'seen_readings_1') {
  return personTable(table, {
    links: [{ by: 'device-key', column: 'device_key' }],
    goes: 'deleted',
    export: withheld(
      'times and checksums of readings of the last two days, which are under `telemetry` whole',
    ),
    fields: {
      device_key: withheld('a random name in the telemetry store, which means nothing by itself'),
      at: withheld('of a reading, which is under `telemetry`'),
      digest: withheld('a checksum of a reading'),
    },
  });
}
