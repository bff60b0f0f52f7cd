import type { Generated } from 'kysely';
import type { EndReason } from '../../broker/end-reason.ts';
import type { Purpose, SuppressionReason } from '../../rules/step.ts';
import type { QualityKind } from './quality-kinds.ts';

/** What a consumer said of a purpose. */
interface SaidOfPurpose {
  consumer_id: string;
  purpose: Purpose;
  granted: 0 | 1;
  source: string;
  at: number;
  /** Of the consent policy, and what it said there; null where whoever noted it did not say. */
  policy_version: Generated<number | null>;
  wording: Generated<string | null>;
}

/**
 * The tables of the records store, as Kysely sees them. All times are epoch ms; `*_json` columns hold JSON text; booleans
 * are 0 or 1 (SQLite has no other).
 */
export interface Schema {
  device_types: { id: string; document_json: string };
  devices: {
    id: string;
    /** Random; telemetry is kept under it. */
    device_key: string;
    type: string;
    consumer_id: string | null;
    /** Salted SHA-256: broker/credentials.ts has the form, and why no more is needed. */
    token_hash: string;
    /** SHA-256 of the token, to find the device of firmware that sends the token alone; 256 random bits need no salt. */
    token_lookup: string;
    created_at: number;
    /** Real time since when it may not log in, or null. */
    revoked_at: Generated<number | null>;
    /** Fleet key that brought it in, until it has logged in with a token of its own; null for every other device. */
    fleet_key: Generated<string | null>;
    /**
     * Domain time from which its readings are its owner's to see: what it told before is somebody else's. Null where nobody ever
     * owned it.
     */
    linked_at: Generated<number | null>;
  };
  service_accounts: {
    id: string;
    /** Topic filters. */
    publish_json: string;
    subscribe_json: string;
    /** As those of devices. */
    token_hash: string;
    token_lookup: string;
    created_at: number;
  };
  /** What devices are called in other dialects. `speaker`: the alias of whoever publishes for it, an edge node's; null for itself. */
  device_aliases: { alias: string; device_id: string; speaker: string | null };
  /** What a dialect remembers of one sender between messages (DialectState of broker/codecs/codec.ts). */
  dialect_states: { alias: string; definitions_json: string; progress_json: string };
  /** Tokens of devices and service accounts that were replaced and may be used for a while yet. Real time. */
  previous_tokens: { token_lookup: string; user_id: string; token_hash: string; expires_at: number };
  /** Keys with which devices that are not known yet come in. */
  fleet_keys: {
    id: string;
    /** SHA-256 of the key; 256 random bits need no salt. */
    key_lookup: string;
    device_type: string;
    id_prefix: string;
    max_devices: number;
    /** How many came in with it. */
    devices: number;
    /** Real time, or null for never. */
    expires_at: number | null;
    created_at: number;
  };
  /** One-time codes with which a consumer claims a device, one for each device. Real time. */
  claim_codes: { device_id: string; code_hash: string; expires_at: number };
  /** Commands to devices. Real time. */
  commands: {
    /** Order in which they are sent. */
    seq: Generated<number>;
    id: string;
    device: string;
    name: string;
    args_json: string;
    state: 'queued' | 'sent' | 'delivered' | 'answered' | 'expired';
    created_at: number;
    expires_at: number;
    sent_at: number | null;
    delivered_at: number | null;
    answered_at: number | null;
    reply_status: 'ok' | 'error' | null;
    reply_json: string | null;
  };
  /** What devices are to be set to, and what they say that they are. Real time. */
  device_configs: {
    device: string;
    /** Of what is desired; 0 before the first. */
    version: number;
    desired_json: string | null;
    updated_at: number | null;
    /** The version that the broker has retained. */
    announced_version: number;
    reported_version: number | null;
    reported_json: string | null;
    reported_at: number | null;
  };
  /** Whether devices are connected. Real time. */
  device_presence: {
    device: string;
    state: 'online' | 'offline';
    since: number;
    last_seen_at: number;
    reason: OfflineReason | null;
  };
  /** Devices that were removed, until their telemetry is gone and nothing of them is left in the journal. */
  device_erasures: {
    device_key: string;
    device_id: string;
    consumer_id: string | null;
    /** Entries of that id up to here are its own; null until that is known. */
    up_to_seq: number | null;
    telemetry_gone: 0 | 1;
    /** Whether its MQTT sessions and retained messages are gone. */
    sessions_gone: Generated<0 | 1>;
    /** Whether what it published is overwritten in the journal. */
    journal_gone: Generated<0 | 1>;
    /** What it was called in dialects. */
    aliases_json: Generated<string>;
    requested_at: number;
  };
  /** People who were removed, until nothing of them is left anywhere. */
  consumer_erasures: { consumer_id: string; engine_forgot: 0 | 1; requested_at: number };
  /** Empty: overwrite-free-pages.ts fills it with zeros and empties it. */
  erased_space: { zeros: Uint8Array };
  /** How far the ledger of erasures was gone through: `name` is `replayed`, and `digest` that of its last line. Also `rewritten`, with none: see erasure-marks.ts. */
  erasure_marks: { name: string; digest: string };
  /** Devices that were heard of over the bridge. */
  bridged_devices: { device_id: string };
  /** What the bridge's session at the external broker is subscribed to. */
  bridge_filters: { filter: string };
  consumers: {
    id: string;
    attributes_json: string;
    timezone: string | null;
    /** `{"from","to"}`, or "null" for none. */
    quiet_hours_json: string;
    created_at: number;
    /** Lower case; no two consumers have the same. */
    email: string | null;
    /** Which webhook their offers go to, where no browser takes them. */
    webhook: string | null;
  };
  consents: SaidOfPurpose;
  /**
   * All that was ever said of consents, in order of `id`. Only added to: a trigger refuses changes, and deletions other than the
   * cascade of its consumer's.
   */
  consent_log: SaidOfPurpose & { id: Generated<number> };
  /** Rules of which a person wants fewer offers. Level 1: at most one a week; 2: none. `since`: when the last one came, domain time. */
  fewer: { consumer_id: string; rule: string; level: 1 | 2; since: number };
  push_subscriptions: {
    id: string;
    consumer_id: string;
    /** Endpoint and keys; push-subscriptions.ts has the form. An endpoint is a capability: who has it can send to it. */
    sealed: Uint8Array;
    /** Of the endpoint, to find it again. */
    endpoint_lookup: string;
    /** Of the push service. */
    origin: string;
    /** The VAPID public key that the browser subscribed with: it takes messages signed with that one alone. */
    vapid_key: string;
    created_at: number;
    /** Domain time at which the push service said 404 or 410. */
    gone_at: number | null;
  };
  /** Where offers of consumers may go instead of a browser. `sealed_secret`: what they are signed with. */
  webhooks: { id: string; url: string; sealed_secret: Uint8Array; updated_at: number };
  places: { id: string; name: string; feature_json: string; updated_at: number };
  /** The box around each place; see place-bounds.ts. */
  place_bounds: { place: string; west: number; south: number; east: number; north: number };
  /** How many places carry a tag; no row where none does. */
  place_tags: { tag: string; places: number };
  /** Zones in which nobody is followed and nothing is triggered; the GeoJSON Feature as it was given. */
  sensitive_zones: { id: string; name: string; category: string; feature_json: string; updated_at: number };
  segments: StoredDocument;
  campaigns: StoredDocument;
  /** What is known of consumers; the id is the name of the attribute. */
  traits: StoredDocument;
  /** `codes` and `given` count the rows of `codes`. */
  code_pools: StoredDocument & { codes: Generated<number>; given: Generated<number> };
  /** One-time codes, given in order of `id`; `delivery_id` says to whom, or null where it is still to be given. */
  codes: {
    id: Generated<number>;
    pool: string;
    code: string;
    delivery_id: Generated<string | null>;
    /** Domain time. */
    given_at: Generated<number | null>;
  };
  /** What an organisation sets for all rules together: `pacing`, and whether anything is sent: `sending`. */
  settings: { name: string; document_json: string; updated_at: number };
  /**
   * How many offers were sent. `day` is `YYYY-MM-DD`, of UTC for a rule and of its own time zone for a campaign; empty for all
   * days together.
   */
  sends: { kind: 'rule' | 'campaign'; id: string; day: string; sent: number };
  rules: { id: string; version: number; state: RuleState; document_json: string; updated_at: number };
  /** Every version ever saved, for decisions name the version. */
  rule_versions: { id: string; version: number; document_json: string; saved_at: number };
  /** From `at` (domain time) until the rule's next row that version was in that state. */
  rule_states: { id: Generated<number>; rule: string; at: number; version: number; state: RuleState };
  decisions: {
    /** Given on insert where left out; later ones are greater. */
    id: Generated<number>;
    at: number;
    rule: string;
    rule_version: number;
    consumer: string;
    device: string;
    place: string | null;
    visit: string | null;
    cause: string;
    outcome: 'sent' | 'suppressed';
    reason: SuppressionReason | null;
    detail: string;
    delivery_id: string | null;
    /** Of the rule's experiment, or null. */
    variant: string | null;
    /** To which the rule belonged, or null. */
    campaign: string | null;
  };
  /** Also the outbox: `queued` and `retrying` rows with `next_attempt_at` in the past are due. */
  deliveries: {
    id: string;
    /** (rule, consumer, cause) as one string; unique: one cause brings one offer. */
    delivery_key: string;
    decision_id: number;
    rule: string;
    consumer: string;
    /** By which it went; before it did, `web-push`. */
    channel: DeliveryChannel;
    state: DeliveryState;
    attempts: number;
    /** RenderedOffer of rules/step.ts. */
    offer_json: string;
    /** Domain time. */
    created_at: number;
    /** Real time, epoch ms: sockets, retries and TTL keep real time. */
    next_attempt_at: number | null;
    /** Which push services it waits for (delivery/lanes.ts); triggers keep it while it waits. */
    lane: Generated<string | null>;
    /** Real time after which the push is not sent any more. */
    expires_at_real: number;
    sent_at: number | null;
    /** When a webhook took it; no other channel tells. */
    delivered_at: number | null;
    shown_at: number | null;
    clicked_at: number | null;
    dismissed_at: number | null;
    redeemed_at: Generated<number | null>;
    reason: string | null;
    variant: string | null;
    campaign: string | null;
    /** The one-time code that the offer carries, or null. */
    code: string | null;
  };
  visits: {
    id: string;
    device: string;
    consumer: string | null;
    place: string;
    entered_at: number;
    exited_at: number | null;
    ended_by: 'exit' | 'silence' | null;
  };
  quarantine: {
    id: string;
    device: string;
    topic: string;
    code: string;
    message: string;
    /** The head of a large one. */
    payload: Uint8Array;
    /** Of the whole payload: tells one bad message from another that is bad in the same way. */
    payload_digest: string;
    first_seen_at: number;
    last_seen_at: number;
    count: number;
    /** QuarantinedPart of quarantine.ts: which part of the message this is about, or null for all that it held. */
    part_json: Generated<string | null>;
    /** How many readings were taken out of the message when it came; null where an earlier version did not note it. */
    readings_taken: Generated<number | null>;
    /** Size of the payload as sent; null where an earlier version did not note it. */
    payload_bytes: Generated<number | null>;
    /** How often it was tried again. */
    tries: Generated<number>;
  };
  /** What came of a device in a day; `day` is days since 1970 (UTC) of arrival in domain time. */
  quality_days: {
    device: string;
    day: number;
    readings: number;
    stored: number;
    /** Of the counts below, those that tell of a fault: quality-kinds.ts says which. */
    issues: number;
    first_seen_at: number;
    last_seen_at: number;
  };
  quality_counts: {
    device: string;
    day: number;
    kind: QualityKind;
    /** A metric, a quarantine code, seconds of skew; empty where the kind has no names, or there were too many. */
    name: string;
    count: number;
    last_seen_at: number;
  };
  /** A chain: only added to, at its end, under the write lock (audit-append.ts). Persons and devices stand under refs. */
  audit: {
    /** One more than that of the entry before. */
    id: number;
    at: number;
    actor: string;
    action: string;
    subject: string;
    detail_json: string;
    /** Hash of the entry before; audit-chain.ts says how both are made. */
    prev_hash: string;
    hash: string;
  };
  /** What the refs in the audit log stand for; gone once the person or device is erased. See audit-names.ts. */
  audit_names: { ref: string; kind: AuditNameKind; owner: string; name: string; salt: Uint8Array };
  /** Tills, which redeem codes; a SHA-256 of the token, as of devices. */
  tills: { id: string; name: string; token_lookup: string; created_at: number };
  /** Codes that were redeemed. `till` is a till's id, or `@` and the name of a member of staff; `id` is its own. */
  redemptions: {
    /** In which order they came. */
    seq: Generated<number>;
    till: string;
    id: string;
    delivery_id: string;
    /** When the code was handed in, domain time. */
    at: number;
    /** When it was told here, domain time: later where the till was offline. */
    received_at: number;
  };
  users: { name: string; role: Role; password_hash: string };
  /** Cookies; only a SHA-256 of each is kept. Real time. */
  sessions: {
    token_hash: string;
    kind: 'staff' | 'consumer';
    subject: string;
    role: Role | null;
    /** Of a consumer's: moves on while it is used. */
    expires_at: number;
    /** Names it to its owner, and opens nothing. */
    id: string;
    created_at: number;
    last_seen_at: number;
    /** Such as `Firefox on Linux`; null where the browser said nothing. */
    browser: string | null;
    /** `invitation`, `mail`, or `passkey:` and its id; null for staff. */
    opened_with: string | null;
  };
  /** One-time codes of links that were sent by e-mail. Real time. */
  login_codes: {
    code_hash: string;
    consumer_id: string;
    /** SHA-256 of the address it was sent to: one that is not the person's any more opens nothing. */
    email_hash: string;
    expires_at: number;
  };
  /** Real time. */
  passkeys: {
    /** Credential id, base64url. */
    id: string;
    consumer_id: string;
    /** Random, base64url: what authenticators know a person by (WebAuthn §5.4.3). */
    user_handle: string;
    /** COSE. */
    public_key: Uint8Array;
    /** Signature counter; stays 0 where the authenticator has none. */
    counter: number;
    transports_json: string;
    backed_up: 0 | 1;
    /** For its owner. */
    name: string;
    created_at: number;
    last_used_at: number | null;
  };
  /** Challenges of passkeys that were answered rightly, until they are over. Real time. */
  used_challenges: { challenge_hash: string; expires_at: number };
  /** One-time links with which a consumer opens the consumer page. Real time. */
  invitations: { code_hash: string; consumer_id: string; expires_at: number; used_at: number | null };
  /** What rules/ remembers of a subject between steps. Subject: "c:" + consumer id, or "d:" + device id where linked to nobody. */
  subject_memories: { subject: string; memory_json: string; wake_at: number | null };
  /**
   * How many devices were in which H3 cell of resolution 8 on a day (days since 1970, UTC, by arrival in domain time); none of fewer
   * than 5 devices.
   */
  cell_days: { day: number; cell: string; devices: number; readings: number };
  /** Days whose positions are counted: what `cell_days` has of them is all there is. */
  counted_days: { day: number };
  /** How far each reader of the journal has come. */
  cursors: { name: string; seq: number };
  /** What the engine noted about readings that are not plain, so that the telemetry writer stores them alike after a restart. */
  reading_verdicts: { seq: number; verdict_json: string; device_key: string | null };
  /** Readings with a time of their own, of the last 24 to 48 hours, to store each once; two tables that take turns by the day. */
  seen_readings_0: SeenReading;
  seen_readings_1: SeenReading;
  /** What came last under each packet id of a client; 64 ids a row, laid out in engine/packet-memory.ts. */
  seen_packets: {
    client_id: string;
    block: number;
    newest_minute: number;
    packets: Uint8Array;
    /** The one device that the messages of this block were about; null where there were several. */
    device_key: string | null;
  };
}

interface StoredDocument {
  id: string;
  document_json: string;
  updated_at: number;
}

/** `at` stands before the digest, so that rows are added at the end of a device's range: in random order a commit would rewrite many pages. */
interface SeenReading {
  device_key: string;
  at: number;
  /** 48 bits of a hash of what makes the reading the same. */
  digest: number;
}

export type RuleState = 'draft' | 'live' | 'paused' | 'ended';
/** `gateway_stopped`: the gateway ended while the device was connected; `reported`: a dialect or a bridge said so. */
export type OfflineReason = EndReason | 'gateway_stopped' | 'reported';
/** Whose name a ref in the audit log stands for. A `word` is nobody's: a text that only looks like a ref. */
export type AuditNameKind = 'consumer' | 'device' | 'word';
export type Role = 'admin' | 'marketer' | 'analyst' | 'device-manager';
export type DeliveryChannel = 'web-push' | 'webhook' | 'email' | 'inbox';
export type DeliveryState =
  | 'queued'
  | 'retrying'
  | 'sent'
  | 'shown'
  | 'clicked'
  | 'dismissed'
  | 'redeemed'
  | 'gone'
  | 'failed'
  | 'expired'
  | 'withdrawn';
