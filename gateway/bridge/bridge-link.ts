import mqtt, { ErrorWithSubackPacket, type IPublishPacket, type MqttClient } from 'mqtt';
import { OVERHEAD_BYTES } from '../../broker/limits.ts';
import type { Arrived } from './bridge-intake.ts';
import { type Filters, filtersFor } from './filters.ts';
import type { Link, LinkEnd, LinkPorts, LinkSettings, ProtocolVersion, PublishOutcome } from './link.ts';
import { OrderedAcks } from './ordered-acks.ts';

interface Greeting {
  /** Whether the broker still has the session. */
  readonly resumed: boolean;
  readonly offersSharing: boolean;
  /** Messages that it takes before it has acknowledged any. */
  readonly receiveMaximum: number;
}

const SUBSCRIPTION = { qos: 1, rh: 2 } as const;
const KEEPALIVE_SECONDS = 30;
const CONNECT_TIMEOUT_MS = 10_000;
/** How long the broker is to keep what comes while this gateway is away. */
const SESSION_EXPIRY_SECONDS = 7 * 24 * 3600;
/** Messages that may be unacknowledged; the broker holds the others back (MQTT 5 §3.3.4). */
const RECEIVE_MAXIMUM = 1000;
/** Bytes that wait for the disk before no more is read; for 3.1.1, which has no receive maximum. */
const MAX_IN_FLIGHT_BYTES = 8 * 1024 * 1024;
/** What is not on disk by then is not acknowledged, and comes again at the next start. */
const IDLE_WITHIN_MS = 5_000;
/** Messages on their way to the broker; fewer where it says so (MQTT 5 §3.2.2.3.3), for a broker hangs up on more. */
const WINDOW = 100;
/** "Unacceptable protocol version", of 3.1.1 and of 5. */
const WRONG_VERSION = new Set([0x01, 0x84]);
const SHARED_REFUSED = 0x9e;

/**
 * Connects and subscribes.
 *
 * @param stopping ends the try: a broker that does not answer would be waited for
 * @returns the link once it is subscribed, or why there is none
 */
export async function openLink(
  settings: LinkSettings,
  version: ProtocolVersion,
  ports: LinkPorts,
  stopping: AbortSignal,
): Promise<Link | LinkEnd> {
  const link = new MqttLink(settings, version, ports);
  const giveUp = () => link.giveUp();
  stopping.addEventListener('abort', giveUp);
  try {
    const failure = await link.open();
    return failure ?? link;
  } finally {
    stopping.removeEventListener('abort', giveUp);
  }
}

class MqttLink implements Link {
  readonly ended: Promise<LinkEnd>;
  shared = false;
  inFlightBytes = 0;
  window = WINDOW;
  readonly #settings: LinkSettings;
  readonly #ports: LinkPorts;
  readonly #client: MqttClient;
  readonly #connected: Promise<Greeting>;
  readonly #acks: OrderedAcks;
  readonly #end: (end: LinkEnd) => void;
  #closing = false;
  /** Publishes to the broker that it has not acknowledged. */
  #unacknowledged = 0;
  /** Goes on reading; set while too much is in flight. */
  #resume: (() => void) | null = null;
  #whenIdle: (() => void) | null = null;

  constructor(settings: LinkSettings, version: ProtocolVersion, ports: LinkPorts) {
    this.#settings = settings;
    this.#ports = ports;
    const { promise, resolve } = Promise.withResolvers<LinkEnd>();
    this.ended = promise;
    this.#end = resolve;
    const client = mqtt.connect(settings.url, {
      clientId: settings.clientId,
      ...(settings.username !== null && { username: settings.username }),
      ...(settings.password !== null && { password: settings.password }),
      ...(settings.ca !== null && { ca: settings.ca }),
      protocolVersion: version,
      clean: false,
      // Each connection is a client of its own, so that no packet id of one is ever acknowledged on the next.
      reconnectPeriod: 0,
      resubscribe: false,
      keepalive: KEEPALIVE_SECONDS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      ...(version === 5 && {
        properties: { sessionExpiryInterval: SESSION_EXPIRY_SECONDS, receiveMaximum: RECEIVE_MAXIMUM },
      }),
    });
    this.#client = client;
    this.#acks = new OrderedAcks((bytes) => {
      if (!client.stream.destroyed) client.stream.write(bytes);
    });
    // What waited for this session comes right behind the CONNACK: whoever sets this later has missed it.
    client.handleMessage = (packet, done) => this.#arrived(packet, done);
    this.#connected = new Promise((connected) => {
      client.once('connect', ({ sessionPresent, properties }) => {
        // Where MQTT 5 brokers say nothing of it, they offer it (§3.2.2.3.13).
        const offersSharing = version === 5 && properties?.sharedSubscriptionAvailable !== false;
        const receiveMaximum = properties?.receiveMaximum ?? WINDOW;
        connected({ resumed: sessionPresent, offersSharing, receiveMaximum });
      });
    });
    this.#watch();
  }

  /** @returns null once subscribed */
  async open(): Promise<LinkEnd | null> {
    const first = await Promise.race([this.#connected, this.ended]);
    if ('kind' in first) return first;
    this.window = Math.min(WINDOW, first.receiveMaximum);
    try {
      await this.#subscribe(first);
      return null;
    } catch (error) {
      this.#fail(`it does not let this gateway subscribe: ${messageOf(error)}`);
      return this.ended;
    }
  }

  giveUp(): void {
    this.#fail('the gateway stops');
  }

  async publish(topic: string, payload: string | Buffer, retain: boolean): Promise<PublishOutcome> {
    this.#unacknowledged += 1;
    try {
      await this.#client.publishAsync(topic, payload, { qos: 1, retain });
      return { kind: 'published' };
    } catch (error) {
      const isAnswer = typeof (error as { code?: unknown }).code === 'number';
      return isAnswer ? { kind: 'refused', message: messageOf(error) } : { kind: 'unsent' };
    } finally {
      this.#unacknowledged -= 1;
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.inFlightBytes > 0) await this.#idle();
    // One more turn, in which the last acknowledgements are written.
    await new Promise((resolve) => setImmediate(resolve));
    // Not forced, mqtt.js would wait for what is unacknowledged without end.
    await this.#client.endAsync(!this.#client.connected || this.#unacknowledged > 0);
  }

  #idle(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, IDLE_WITHIN_MS);
      this.#whenIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #watch(): void {
    const client = this.#client;
    let greeted = false;
    let trouble: string | null = null;
    let isWrongVersion = false;
    client.once('connect', () => {
      greeted = true;
    });
    client.on('error', (error) => {
      trouble ??= messageOf(error);
      const { code } = error as { code?: unknown };
      if (typeof code === 'number' && WRONG_VERSION.has(code)) isWrongVersion = true;
      // mqtt.js leaves the socket open after what it could not parse.
      client.end(true);
    });
    client.on('disconnect', ({ reasonCode }) => {
      trouble ??= `the broker ended it (reason ${reasonCode ?? 0})`;
    });
    client.once('close', () => {
      const hungUp = !greeted && trouble === null;
      this.#end({
        kind: isWrongVersion ? 'wrong_version' : hungUp ? 'hung_up' : 'failed',
        message: trouble ?? 'the broker closed the connection',
      });
      client.end(true);
    });
  }

  async #subscribe({ resumed, offersSharing }: Greeting): Promise<void> {
    this.shared = offersSharing && this.#settings.group !== null;
    if (!resumed && (await this.#ports.filters.all()).length > 0) this.#ports.onForgotten();
    try {
      await this.#subscribeTo(filtersFor(this.shared ? this.#settings.group : null), resumed);
    } catch (error) {
      if (!this.shared || !(error instanceof ErrorWithSubackPacket) || !isSharedRefused(error)) throw error;
      this.shared = false;
      await this.#subscribeTo(filtersFor(null), resumed);
    }
  }

  async #subscribeTo({ needed, welcome }: Filters, resumed: boolean): Promise<void> {
    const { filters } = this.#ports;
    await filters.note([...needed, ...welcome]);
    // QoS 1 for QoS 2 too: a message that comes again has DUP, by which the engine knows it. Retained messages: not wanted.
    await this.#client.subscribeAsync([...needed], SUBSCRIPTION);
    for (const filter of welcome) {
      await this.#client.subscribeAsync(filter, SUBSCRIPTION).catch((error: unknown) => {
        if (!(error instanceof ErrorWithSubackPacket)) throw error;
        this.#ports.onRefused(filter);
      });
    }
    const outdated = (await filters.all()).filter((one) => !needed.includes(one) && !welcome.includes(one));
    if (outdated.length === 0) return;
    // In this order, so that there is no moment without a subscription in which messages would be lost.
    if (resumed) await this.#client.unsubscribeAsync([...outdated]);
    await filters.forget(outdated);
  }

  /**
   * mqtt.js shows the next packet when `done` is called, and sends the PUBACK itself unless that is called with an error. It
   * always is here, and the PUBACK leaves when the message is kept: hundreds may wait for one commit.
   */
  #arrived(packet: IPublishPacket, done: (error?: Error) => void): void {
    if (this.#closing) return;
    const next = () => done(NOT_BY_MQTTJS);
    const message: Arrived = {
      topic: packet.topic,
      payload: typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload,
      qos: packet.qos,
      packetId: packet.messageId ?? 0,
      dup: packet.dup,
      retain: packet.retain,
    };
    const handling = this.#ports.take(message);
    switch (handling.kind) {
      case 'not_yet':
        handling.ready.then(
          () => this.#arrived(packet, done),
          (error: unknown) => this.#fail(`a device could not be looked up: ${messageOf(error)}`),
        );
        return;
      case 'passed_over':
        if (message.qos > 0) this.#acks.expect(message.packetId)();
        next();
        return;
      case 'taken':
        this.#await(message, handling.kept);
        if (this.inFlightBytes < MAX_IN_FLIGHT_BYTES) next();
        else this.#resume = next;
    }
  }

  #await(message: Arrived, kept: Promise<void>): void {
    const acknowledge = message.qos > 0 ? this.#acks.expect(message.packetId) : null;
    const bytes = message.payload.length + OVERHEAD_BYTES;
    this.inFlightBytes += bytes;
    kept.then(
      () => {
        acknowledge?.();
        this.#settled(bytes);
      },
      (error: unknown) => {
        // The broker sends again what was not acknowledged, but not before the next connection.
        this.#fail(`a message could not be kept: ${messageOf(error)}`);
        this.#settled(bytes);
      },
    );
  }

  #settled(bytes: number): void {
    this.inFlightBytes -= bytes;
    if (this.#resume !== null && this.inFlightBytes < MAX_IN_FLIGHT_BYTES / 2) {
      const resume = this.#resume;
      this.#resume = null;
      resume();
    }
    if (this.inFlightBytes === 0) this.#whenIdle?.();
  }

  #fail(message: string): void {
    this.#end({ kind: 'failed', message });
    this.#closing = true;
    this.#client.end(true);
  }
}

/** Reason code 0x9e of SUBACK (MQTT 5 §3.9.3). */
function isSharedRefused({ packet }: ErrorWithSubackPacket): boolean {
  return packet.granted.includes(SHARED_REFUSED);
}

const NOT_BY_MQTTJS = new Error('acknowledged when it is kept');

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Errors of sockets may have no message of their own.
  return error.message === '' ? String((error as { code?: unknown }).code ?? error.name) : error.message;
}
