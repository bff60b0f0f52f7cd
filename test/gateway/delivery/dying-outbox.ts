import { createOutbox } from '../../../gateway/delivery/outbox.ts';
import { createOutboxStore } from '../../../gateway/delivery/outbox-store.ts';
import { createPushSender, type PushSender } from '../../../gateway/delivery/push-sender.ts';
import { recordResultsInto } from '../../../gateway/delivery/results.ts';
import { ruleNeedsFrom } from '../../../gateway/delivery/rule-needs.ts';
import type { VapidKeys } from '../../../gateway/delivery/vapid-keys.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import { TEST_SEAL } from '../../support/push-subscription.ts';
import { outboxParts } from './outbox-parts.ts';

/** What the test hands over, as JSON in the first argument. */
export interface DyingOutboxSettings {
  readonly recordsFile: string;
  readonly vapidKeys: VapidKeys;
  readonly origin: string;
  readonly receiptKeyBase64: string;
  readonly domainNow: number;
  /** The process kills itself with SIGKILL at this point of its first sending. */
  readonly dieAt: 'before the push' | 'after the push';
}

const settings: DyingOutboxSettings = JSON.parse(process.argv[2] ?? '');
const db = openRecords(settings.recordsFile);
const real = createPushSender({ extraOrigins: [settings.origin], realNow: Date.now });
const dying: PushSender = {
  async send(request) {
    if (settings.dieAt === 'after the push') await real.send(request);
    process.kill(process.pid, 'SIGKILL');
    // The signal takes a moment; nothing may be recorded in it.
    return new Promise(() => undefined);
  },
  stop: () => real.stop(),
};
createOutbox(
  createOutboxStore(
    { db, seal: TEST_SEAL, ruleNeeds: ruleNeedsFrom(db), realNow: Date.now },
    recordResultsInto(db),
  ),
  outboxParts({
    origins: [settings.origin],
    vapidKeys: settings.vapidKeys,
    receiptKey: Buffer.from(settings.receiptKeyBase64, 'base64'),
    domainNow: () => settings.domainNow,
    instead: { sender: dying },
  }),
  {
    onChanged: () => process.exit(3),
    onTrouble: () => process.exit(4),
  },
).start();
