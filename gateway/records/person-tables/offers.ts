import { field, personTable, time, withheld } from './person-table.ts';

const OWN_ID = withheld('the id of the person, as above');

/** What was decided about the person, what they were sent, and where they were. */
export const OFFER_TABLES = {
  // First: they are found through the deliveries.
  codes: personTable('codes', {
    links: [{ by: 'row', column: 'delivery_id', of: 'deliveries', itsColumn: 'id' }],
    goes: 'unlinked',
    export: { as: 'codes', what: 'One-time codes that you were given' },
    fields: {
      id: withheld('a running number'),
      pool: field('pool', 'From which pool it is'),
      code: field('code', 'The code'),
      delivery_id: field('offer', 'Id of the offer that it came with'),
      given_at: time('givenAt', 'When it was given'),
    },
  }),
  redemptions: personTable('redemptions', {
    links: [{ by: 'row', column: 'delivery_id', of: 'deliveries', itsColumn: 'id' }],
    goes: 'with-its-parent',
    export: { as: 'redemptions', what: 'Codes of yours that were redeemed' },
    fields: {
      seq: withheld('a running number'),
      till: field('till', 'At which till'),
      id: field('id', 'Its number there'),
      delivery_id: field('offer', 'Id of the offer'),
      at: time('at', 'When the code was handed in'),
      received_at: time('receivedAt', 'When the till told of it'),
    },
  }),
  decisions: personTable('decisions', {
    links: [{ by: 'consumer', column: 'consumer' }],
    goes: 'deleted-in-parts',
    export: {
      as: 'decisions',
      what: 'Each time a rule decided whether you are made an offer, and why',
      pageBy: ['at', 'id'],
    },
    fields: {
      id: field('id', 'Id of the decision'),
      at: time('at', 'When'),
      rule: field('rule', 'Id of the rule'),
      rule_version: field('ruleVersion', 'Its version'),
      consumer: OWN_ID,
      device: field('device', 'Which of your devices led to it'),
      place: field('place', 'Id of the place that it was about'),
      visit: field('visit', 'Id of the visit that it was about'),
      cause: field('cause', 'What set it off'),
      outcome: field('outcome', 'Whether an offer was sent'),
      reason: field('reason', 'Why not'),
      detail: field('detail', 'In words'),
      delivery_id: field('offer', 'Id of the offer'),
      variant: field('variant', 'Of the experiment of the rule'),
      campaign: field('campaign', 'To which the rule belonged'),
    },
  }),
  deliveries: personTable('deliveries', {
    links: [{ by: 'consumer', column: 'consumer' }],
    goes: 'deleted-in-parts',
    export: {
      as: 'offers',
      what: 'Offers that you were made, and what became of them',
      pageBy: ['created_at', 'id'],
    },
    fields: {
      id: field('id', 'Id of the offer'),
      delivery_key: withheld('rule, person and cause of the decision in one'),
      decision_id: field('decision', 'Id of the decision'),
      rule: field('rule', 'Id of the rule'),
      consumer: OWN_ID,
      channel: field('channel', 'By which way it went'),
      state: field('state', 'What became of it'),
      attempts: field('attempts', 'How often it was tried to send it'),
      offer_json: field('offer', 'What it said', { form: 'json' }),
      created_at: time('createdAt', 'When it was made'),
      lane: withheld('in which queue it waits'),
      next_attempt_at: time('nextAttemptAt', 'When it is tried again'),
      expires_at_real: time('expiresAt', 'Until when it was to be sent'),
      sent_at: time('sentAt', 'When it was sent'),
      delivered_at: time('deliveredAt', 'When it was taken, where that is told'),
      shown_at: time('shownAt', 'When your browser showed it'),
      clicked_at: time('clickedAt', 'When you opened it'),
      dismissed_at: time('dismissedAt', 'When you closed it'),
      redeemed_at: time('redeemedAt', 'When its code was redeemed'),
      reason: field('reason', 'Why it was not sent, or is tried again'),
      variant: field('variant', 'Of the experiment of the rule'),
      campaign: field('campaign', 'To which the rule belonged'),
      code: field('code', 'A code that is yours alone'),
    },
  }),
  visits: personTable('visits', {
    links: [
      { by: 'consumer', column: 'consumer' },
      { by: 'device', column: 'device', forErasureAlone: true },
    ],
    goes: 'deleted-in-parts',
    export: {
      as: 'visits',
      what: 'Stays inside places that rules know',
      pageBy: ['entered_at', 'id'],
    },
    fields: {
      id: field('id', 'Id of the visit'),
      device: field('device', 'Which device'),
      consumer: OWN_ID,
      place: field('place', 'Id of the place'),
      entered_at: time('enteredAt', 'When it came in'),
      exited_at: time('exitedAt', 'When it left'),
      ended_by: field('endedBy', 'How it was known: it left, or was silent for 10 minutes'),
    },
  }),
} as const;
