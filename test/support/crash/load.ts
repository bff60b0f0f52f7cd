import { connect, type Socket } from 'node:net';
import { connectPacket, publishPacket } from '../../broker/packets.ts';
import { INSIDE, OUTSIDE } from './people.ts';

export interface CrashDevice {
  readonly id: string;
  readonly token: string;
  readonly consumer: string;
}

/** What one device has sent. Readings are numbered from 0 in their metric `n`. */
export interface SentBy {
  readonly device: CrashDevice;
  /** Whether its readings say when they were taken; those of the others are known again by their packets alone. */
  readonly hasTimes: boolean;
  /** How many were published: their numbers are all below. */
  readonly published: number;
  readonly acknowledged: ReadonlySet<number>;
}

export interface CrashLoad {
  readonly sent: readonly SentBy[];
  readonly published: number;
  readonly acknowledged: number;
  /** Sends nothing more; resolves when all that was sent is acknowledged. */
  finish(): Promise<void>;
  stop(): void;
}

export interface LoadPlan {
  /** Of all devices together. */
  readonly perSecond: number;
  /** Each device is this long outside, then as long inside. */
  readonly phaseMs: number;
  /** Unacknowledged messages a device may have under way; what would be more is not sent. */
  readonly window: number;
}

const TICK_MS = 20;
const RECONNECT_MS = 100;
const CONNACK = 0x20;
const PUBACK = 0x40;
/** Of both. */
const PACKET_BYTES = 4;

/**
 * QoS 1 readings of many devices at a steady rate. They reconnect, and send again what was not acknowledged. Every other
 * device leaves the time of its readings out.
 */
export function startLoad(port: number, devices: readonly CrashDevice[], plan: LoadPlan): CrashLoad {
  const senders = devices.map((device, index) => new Sender(port, device, index % 2 === 0, plan));
  for (const sender of senders) sender.connect();
  const startedAt = performance.now();
  let due = 0;
  let next = 0;
  const timer = setInterval(() => {
    const upTo = Math.floor(((performance.now() - startedAt) * plan.perSecond) / 1000);
    for (; due < upTo; due += 1) {
      senders[next]?.send();
      next = (next + 1) % senders.length;
    }
  }, TICK_MS);
  const sum = (of: (sender: Sender) => number) => senders.reduce((total, sender) => total + of(sender), 0);
  return {
    sent: senders,
    get published() {
      return sum((sender) => sender.published);
    },
    get acknowledged() {
      return sum((sender) => sender.acknowledged.size);
    },
    async finish() {
      clearInterval(timer);
      await Promise.all(senders.map((sender) => sender.settled()));
    },
    stop() {
      clearInterval(timer);
      for (const sender of senders) sender.stop();
    },
  };
}

/** A device on a bare socket: what it sends and what counts as acknowledged is exactly what is on the wire. */
class Sender implements SentBy {
  readonly device: CrashDevice;
  readonly hasTimes: boolean;
  readonly acknowledged = new Set<number>();
  readonly #port: number;
  readonly #plan: LoadPlan;
  readonly #topic: string;
  /** By packet id, in order of sending. */
  readonly #underWay = new Map<number, { readonly n: number; readonly payload: string }>();
  #socket: Socket | null = null;
  #loggedIn = false;
  #received: Buffer = Buffer.alloc(0);
  #packetId = 0;
  #lastAt = 0;
  #stopped = false;
  #onSettled: () => void = () => undefined;
  published = 0;

  constructor(port: number, device: CrashDevice, hasTimes: boolean, plan: LoadPlan) {
    this.#port = port;
    this.device = device;
    this.hasTimes = hasTimes;
    this.#plan = plan;
    this.#topic = `devices/${device.id}/telemetry`;
  }

  connect(): void {
    if (this.#stopped) return;
    const { id, token } = this.device;
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    this.#received = Buffer.alloc(0);
    socket.on('error', () => socket.destroy()); // the gateway is killed again and again
    socket.on('connect', () =>
      socket.write(connectPacket({ clientId: id, username: id, password: token, clean: false })),
    );
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('close', () => {
      this.#loggedIn = false;
      setTimeout(() => this.connect(), RECONNECT_MS);
    });
  }

  send(): void {
    if (this.#underWay.size >= this.#plan.window) return;
    const n = this.published;
    this.published += 1;
    const at = Math.max(Date.now(), this.#lastAt + 1);
    this.#lastAt = at;
    const place = Math.floor(at / this.#plan.phaseMs) % 2 === 0 ? INSIDE : OUTSIDE;
    const reading = { position: { ...place, accuracy: 5 }, metrics: { n } };
    const payload = JSON.stringify(this.hasTimes ? { at, ...reading } : reading);
    this.#packetId = (this.#packetId % 65_535) + 1;
    this.#underWay.set(this.#packetId, { n, payload });
    if (this.#loggedIn) this.#socket?.write(publishPacket(this.#topic, payload, 1, this.#packetId));
  }

  async settled(): Promise<void> {
    if (this.#underWay.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onSettled = resolve;
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#socket?.destroy();
  }

  #take(bytes: Buffer): void {
    const all = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    const whole = all.length - (all.length % PACKET_BYTES);
    for (let offset = 0; offset < whole; offset += PACKET_BYTES) {
      if (all[offset] === CONNACK) this.#sendAgain();
      else if (all[offset] === PUBACK) this.#acknowledged(all.readUInt16BE(offset + 2));
      else throw new Error(`${this.device.id} got a packet that it did not ask for: ${all[offset]}`);
    }
    this.#received = all.subarray(whole);
  }

  /** In order, and marked [MQTT-3.3.1-1], [MQTT-4.4.0-1]: by that a reading without a time is known again. */
  #sendAgain(): void {
    this.#loggedIn = true;
    for (const [packetId, { payload }] of this.#underWay)
      this.#socket?.write(publishPacket(this.#topic, payload, 1, packetId, true));
  }

  #acknowledged(packetId: number): void {
    const message = this.#underWay.get(packetId);
    if (message === undefined) throw new Error(`${this.device.id} got an acknowledgement of nothing`);
    this.#underWay.delete(packetId);
    this.acknowledged.add(message.n);
    if (this.#underWay.size === 0) this.#onSettled();
  }
}
