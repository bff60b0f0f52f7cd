import type { Feature } from 'geojson';
import type { FleetQuality, QualityRecord } from '../../gateway/records/quality.ts';
import type { DeliveryState, OfflineReason, Role, RuleState } from '../../gateway/records/schema.ts';
import type { QuarantineCode } from '../../rules/readings/reading.ts';
import type { SuppressionReason } from '../../rules/step.ts';
import type { ApiFieldProblem } from './request.ts';

/** What the HTTP API gives, as these pages read it. Times are epoch ms. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Cursor of the next, older page, or null at the end. */
  readonly next: string | null;
}

export interface Session {
  readonly name: string;
  readonly role: Role;
}

export interface Decision {
  readonly id: string;
  readonly at: number;
  readonly rule: string;
  readonly ruleVersion: number;
  readonly consumer: string;
  readonly device: string;
  readonly place?: string;
  readonly visit?: string;
  readonly cause: string;
  readonly outcome: 'sent' | 'suppressed';
  readonly reason?: SuppressionReason;
  readonly detail: string;
  readonly deliveryId?: string;
}

export interface Delivery {
  readonly id: string;
  readonly decision: string;
  readonly rule: string;
  readonly consumer: string;
  readonly channel: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly createdAt: number;
  readonly sentAt?: number;
  readonly shownAt?: number;
  readonly clickedAt?: number;
  readonly redeemedAt?: number;
  readonly reason?: string;
}

export interface DeviceRecord {
  readonly id: string;
  readonly type: string;
  readonly consumerId: string | null;
  readonly createdAt: number;
  /** Since when it may not log in, or null. */
  readonly revokedAt: number | null;
  /** It came in by a fleet key, and has used no token of its own yet. */
  readonly awaitsToken: boolean;
  readonly presence: PresenceRecord;
}

/** A user name and its token, which is told this once. */
export interface UserToken {
  readonly id: string;
  readonly token: string;
}

export interface ClaimCode {
  readonly id: string;
  readonly code: string;
  /** The consumer page with the code. */
  readonly url: string;
  readonly expiresAt: number;
}

export interface ImportReport {
  readonly registered: number;
  readonly refused: number;
  readonly rows: readonly ImportedRow[];
}

interface ImportedRow {
  readonly row: number;
  readonly id: string;
  readonly status: 'registered' | 'refused';
  readonly token?: string;
  readonly message?: string;
}

export interface ServiceAccount {
  readonly id: string;
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  readonly createdAt: number;
}

export interface FleetKey {
  readonly id: string;
  readonly type: string;
  readonly idPrefix: string;
  readonly maxDevices: number;
  readonly devices: number;
  readonly expiresAt: number | null;
}

/** Whether a device is connected; real time. */
export interface PresenceRecord {
  readonly state: 'online' | 'offline';
  readonly since: number | null;
  readonly lastSeenAt: number | null;
  readonly reason?: OfflineReason;
}

export interface CommandRecord {
  readonly id: string;
  readonly name: string;
  readonly args: unknown;
  readonly state: 'queued' | 'sent' | 'delivered' | 'answered' | 'expired';
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly reply?: { readonly status: 'ok' | 'error'; readonly result: unknown };
}

export interface ConfigRecord {
  readonly desired: Readonly<Record<string, unknown>> | null;
  readonly desiredVersion: number;
  readonly updatedAt: number | null;
  readonly reported: Readonly<Record<string, unknown>> | null;
  readonly reportedVersion: number | null;
  readonly reportedAt: number | null;
  readonly inSync: boolean;
}

/** What happens on the way to a device, as far as pages read it. */
export type DownlinkEvent =
  | ({ readonly kind: 'presence'; readonly device: string } & PresenceRecord)
  | { readonly kind: 'command' | 'config'; readonly device: string };

export type { FleetQuality, QualityRecord };

export interface RuleRecord {
  readonly id: string;
  readonly version: number;
  readonly state: RuleState;
  readonly name: string;
  /** The document as it was saved. */
  readonly rule: object;
  readonly updatedAt: number;
  /** What would have to be mended to save it again; told where one rule is asked for. */
  readonly problems?: readonly ApiFieldProblem[];
}

export type PlaceFeature = Feature & {
  readonly properties: {
    readonly tags?: readonly string[];
    readonly radiusMetres?: number;
    readonly corridorMetres?: number;
  };
};

export interface PlaceRecord {
  readonly id: string;
  readonly name: string;
  readonly feature: PlaceFeature;
  readonly updatedAt: number;
}

export interface QuarantineRecord {
  readonly id: string;
  readonly device: string;
  readonly topic: string;
  readonly code: QuarantineCode;
  readonly message: string;
  readonly payloadBase64: string;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly count: number;
  /** Size as sent; null where it is not known. */
  readonly payloadBytes: number | null;
  readonly tries: number;
  readonly cannotRetry: 'truncated' | 'partly_taken' | null;
}

export interface RetryResult {
  readonly outcome: 'taken' | 'refused' | 'waiting';
}

export interface BulkRetryResult {
  readonly taken: number;
  readonly refused: number;
  readonly waiting: number;
  readonly truncated: number;
  readonly partlyTaken: number;
  readonly more: boolean;
}

export interface MapSettings {
  /** URL of a MapLibre style, or null for the built-in base map. */
  readonly styleUrl: string | null;
  /** URL of GeoJSON to draw over the base map, or null. */
  readonly overlayUrl: string | null;
}

/** Events of GET /api/v1/live, by their SSE event name. */
export interface PositionEvent {
  readonly device: string;
  readonly type: string;
  readonly consumer: string | null;
  readonly at: number;
  readonly lat: number;
  readonly lon: number;
  /** Degrees clockwise from north. */
  readonly heading?: number;
  /** Metres per second. */
  readonly speed?: number;
}
