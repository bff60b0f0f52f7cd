import { encodeJson, encodePacket, keys, type Progress, type StoredPacket } from './entries.ts';
import type { Mirror } from './mirror.ts';
import type { StoredMessage } from './stored-sessions.ts';

interface Client {
  readonly id: string;
}

interface Waiting {
  /** Place in the order of arrival, over all sessions; with it the entry is found on disk. */
  readonly seq: number;
  packet: StoredPacket;
}

/** What names a message, and what is said of it. */
type Mention = Pick<StoredPacket, 'brokerId' | 'brokerCounter' | 'messageId'> & { readonly cmd?: string };

/** Messages that wait for each session: to be sent, or to be acknowledged. */
export class Outgoing {
  readonly #mirror: Mirror | null;
  readonly #byClient = new Map<string, Waiting[]>();
  /** On their way to the disk, and in no queue yet. */
  readonly #underWay = new Set<Promise<void>>();
  #nextSeq = 1;

  constructor(mirror: Mirror | null) {
    this.#mirror = mirror;
  }

  /** On disk first: what a publisher was promised is not lost, and what could not be written is not delivered. */
  enqueue(clientIds: readonly string[], packet: StoredPacket): Promise<void> {
    if (clientIds.length === 0) return Promise.resolve();
    const enqueued = this.#keep(clientIds, packet).finally(() => this.#underWay.delete(enqueued));
    this.#underWay.add(enqueued);
    return enqueued;
  }

  /** Resolves when all that was on its way waits for its session, or could not be written. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  async #keep(clientIds: readonly string[], packet: StoredPacket): Promise<void> {
    const waiting = clientIds.map((clientId) => ({
      clientId,
      seq: this.#nextSeq++,
      packet: unsent(packet),
    }));
    if (this.#mirror !== null) {
      const bytes = encodePacket(packet);
      await this.#mirror.commit(waiting.map(({ clientId, seq }) => [keys.waiting(clientId, seq), bytes]));
    }
    for (const { clientId, ...entry } of waiting) this.#add(clientId, entry);
  }

  /** Puts back what was found on disk; entries come in order. */
  restore({ clientId, seq, packet: stored, progress }: StoredMessage): StoredPacket {
    this.#nextSeq = Math.max(this.#nextSeq, seq + 1);
    const packet = unsent(stored);
    if (progress !== undefined) packet.messageId = progress.messageId;
    const kept = progress?.released
      ? ({ cmd: 'pubrel', messageId: progress.messageId } as StoredPacket)
      : packet;
    this.#add(clientId, { seq, packet: kept });
    return kept;
  }

  /**
   * Notes the packet id under which a message is sent, or that it gave way to its PUBREL. A QoS 2 message waits for the disk:
   * sent again under another id, it would be another message [MQTT-4.3.3-1].
   *
   * @throws 'no such packet'
   */
  async update(client: Client, mention: Mention): Promise<void> {
    // A message that found no room here may have the packet id of another one.
    const entry = mention.cmd === 'publish' ? this.#findSame(client, mention) : this.#find(client, mention);
    const { messageId } = mention;
    if (entry === undefined || messageId === undefined) throw new Error('no such packet');
    const released = !isSame(entry.packet, mention);
    const { qos } = entry.packet;
    if (released) entry.packet = mention as StoredPacket;
    else entry.packet.messageId = messageId;
    const progress: Progress = { messageId, released };
    this.#mirror?.put(keys.progress(client.id, entry.seq), encodeJson(progress));
    if (released || qos === 2) await this.#mirror?.flushed();
  }

  /** Removes a message and gives it, or undefined. The disk follows: at worst it is sent once more after a crash. */
  clear(client: Client, mention: Mention): StoredPacket | undefined {
    const queue = this.#byClient.get(client.id);
    const entry = this.#find(client, mention);
    if (queue === undefined || entry === undefined) return undefined;
    queue.splice(queue.indexOf(entry), 1);
    if (queue.length === 0) this.#byClient.delete(client.id);
    this.#mirror?.remove(keys.waiting(client.id, entry.seq));
    this.#mirror?.remove(keys.progress(client.id, entry.seq));
    return entry.packet;
  }

  /** Sessions for which something waits. */
  clientIds(): readonly string[] {
    return [...this.#byClient.keys()];
  }

  /** What waits for a session, oldest first. */
  of(client: Client): StoredPacket[] {
    return (this.#byClient.get(client.id) ?? []).map(({ packet }) => packet);
  }

  /** The packet id that was given last, of those that wait to be acknowledged; messages are sent in their order. */
  lastPacketId(client: Client): number | null {
    const sent = this.#byClient.get(client.id)?.findLast(({ packet }) => packet.messageId !== undefined);
    return sent?.packet.messageId ?? null;
  }

  #add(clientId: string, entry: Waiting): void {
    const queue = this.#byClient.get(clientId);
    if (queue === undefined) this.#byClient.set(clientId, [entry]);
    else queue.push(entry);
  }

  /** By what the broker numbered it, else by its packet id: a message that was not sent yet has none. */
  #find(client: Client, mention: Mention): Waiting | undefined {
    const same = this.#findSame(client, mention);
    const { messageId } = mention;
    if (same !== undefined || messageId === undefined) return same;
    return this.#byClient.get(client.id)?.find(({ packet }) => packet.messageId === messageId);
  }

  #findSame(client: Client, mention: Mention): Waiting | undefined {
    return this.#byClient.get(client.id)?.find(({ packet }) => isSame(packet, mention));
  }
}

/** A copy of what goes over the wire, and who sent it, without a packet id: each session gives its own. */
function unsent(packet: StoredPacket): StoredPacket {
  // Aedes leaves out what is as usual.
  const { cmd, topic, payload, qos = 0, retain = false, dup = false, brokerCounter = 0 } = packet;
  const { brokerId, clientId } = packet;
  const origin = {
    ...(brokerId !== undefined && { brokerId }),
    ...(clientId !== undefined && { clientId }),
  };
  return { cmd, ...origin, brokerCounter, topic, payload, qos, retain, dup, messageId: undefined };
}

function isSame(packet: StoredPacket, mention: Mention): boolean {
  return (
    packet.brokerId !== undefined &&
    packet.brokerId === mention.brokerId &&
    packet.brokerCounter === mention.brokerCounter
  );
}
