import type { DurableMap } from './durable-map.ts';
import {
  decodeJson,
  decodePacket,
  type Progress,
  readKey,
  type StoredPacket,
  type StoredSubscription,
} from './entries.ts';

/** A will whose client was connected when the process before this one ended. */
export interface OldWill {
  readonly clientId: string;
  readonly userId: string;
  readonly packet: StoredPacket;
}

/** Whose a lasting session is. */
export interface Owner {
  readonly userId: string;
  /** When somebody was last connected, epoch ms, to within a day; null: not noted by an earlier version. */
  readonly seenAt: number | null;
}

/** A message that waits for a session. */
export interface StoredMessage {
  readonly clientId: string;
  /** Place in the order of arrival. */
  readonly seq: number;
  readonly packet: StoredPacket;
  /** Undefined where it was not sent yet. */
  readonly progress: Progress | undefined;
}

/** What a map holds, by what it is. */
export interface StoredSessions {
  /** By client id. */
  readonly owners: ReadonlyMap<string, Owner>;
  /** By client id. */
  readonly subscriptions: ReadonlyMap<string, readonly StoredSubscription[]>;
  /** Those of each session in their order. */
  readonly waiting: readonly StoredMessage[];
  /** QoS 2 messages from clients that were not released yet. */
  readonly unreleased: readonly {
    readonly clientId: string;
    readonly packetId: number;
    readonly packet: StoredPacket;
  }[];
  readonly retained: readonly StoredPacket[];
  readonly wills: readonly OldWill[];
}

/** Reads all of it. @throws where an entry is not understood */
export async function readStoredSessions(map: DurableMap): Promise<StoredSessions> {
  const owners = new Map<string, Owner>();
  const subscriptions = new Map<string, StoredSubscription[]>();
  const progress = new Map<string, Progress>();
  const waiting: StoredMessage[] = [];
  const unreleased: StoredSessions['unreleased'][number][] = [];
  const retained: StoredPacket[] = [];
  const wills: OldWill[] = [];
  for await (const [key, value] of map.entries()) {
    const { kind, owner, rest } = readKey(key);
    switch (kind) {
      case 'owner':
        owners.set(owner, ownerOf(decodeJson(value)));
        break;
      case 'subscription': {
        const all = subscriptions.get(owner) ?? [];
        all.push({ topic: rest, ...decodeJson<Omit<StoredSubscription, 'topic'>>(value) });
        subscriptions.set(owner, all);
        break;
      }
      case 'progress':
        progress.set(`${owner}/${rest}`, decodeJson(value));
        break;
      case 'waiting':
        waiting.push({
          clientId: owner,
          seq: Number(rest),
          packet: decodePacket(value),
          // Sorted before `waiting`, so that it is known by now.
          progress: progress.get(`${owner}/${rest}`),
        });
        break;
      case 'unreleased':
        unreleased.push({ clientId: owner, packetId: Number(rest), packet: decodePacket(value) });
        break;
      case 'probe':
        break;
      case 'retained':
        retained.push(decodePacket(value));
        break;
      case 'will': {
        const { userId, ...packet } = decodePacket(value) as StoredPacket & { userId: string };
        wills.push({ clientId: owner, userId, packet });
      }
    }
  }
  return { owners, subscriptions, waiting, unreleased, retained, wills };
}

/** Earlier versions wrote the user alone. */
function ownerOf(stored: string | Owner): Owner {
  return typeof stored === 'string' ? { userId: stored, seenAt: null } : stored;
}
