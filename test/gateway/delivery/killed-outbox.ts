import { createOutbox } from '../../../gateway/delivery/outbox.ts';
import { createOutboxStore } from '../../../gateway/delivery/outbox-store.ts';
import { recordResultsInto } from '../../../gateway/delivery/results.ts';
import { ruleNeedsFrom } from '../../../gateway/delivery/rule-needs.ts';
import type { VapidKeys } from '../../../gateway/delivery/vapid-keys.ts';
import { createSmtpMailer } from '../../../gateway/mail/smtp-mailer.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import { TEST_SEAL } from '../../support/push-subscription.ts';
import { outboxParts } from './outbox-parts.ts';

/** What the test hands over, as JSON in the first argument. */
export interface KilledOutboxSettings {
  readonly recordsFile: string;
  readonly vapidKeys: VapidKeys;
  readonly origins: readonly string[];
  readonly smtpUrl: string;
  readonly receiptKeyBase64: string;
  readonly domainNow: number;
}

/** An outbox with every channel, which works until it is killed; says a line once something has been recorded. */
const settings: KilledOutboxSettings = JSON.parse(process.argv[2] ?? '');
const db = openRecords(settings.recordsFile);
createOutbox(
  createOutboxStore(
    { db, seal: TEST_SEAL, ruleNeeds: ruleNeedsFrom(db), realNow: Date.now },
    recordResultsInto(db),
  ),
  outboxParts({
    origins: settings.origins,
    vapidKeys: settings.vapidKeys,
    receiptKey: Buffer.from(settings.receiptKeyBase64, 'base64'),
    domainNow: () => settings.domainNow,
    instead: { mailer: createSmtpMailer({ url: settings.smtpUrl, from: 'shop@shop.example' }) },
  }),
  {
    onChanged: () => process.stdout.write('recorded\n'),
    onTrouble: (what) => process.stderr.write(`${what}\n`),
  },
).start();
process.stdout.write('started\n');
