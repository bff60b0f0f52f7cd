import type { MqttClient } from 'mqtt';
import { telemetryTopic } from '../../broker/topics.ts';
import type { Random } from '../city/model/random.ts';
import type { FaultyDevice, Outgoing } from '../faults/faulty-device.ts';
import type { LoadReading } from './load-reading.ts';

/** Where the devices stand, a little apart: nobody moves, so that no fix is a jump. */
const MIDDLE = { lat: 45.46, lon: 9.19 };
const SPREAD_DEGREES = 0.05;

/** What devices tell of their messages. */
export interface LoadWatch {
  /** @param ms from when it was due to its acknowledgement (at QoS 0: to its being written) */
  acknowledged(ms: number, isGarbage: boolean): void;
  sent(isGarbage: boolean): void;
  failed(error: Error): void;
}

/** One device under load, and what it was promised. */
export class LoadDevice {
  readonly id: string;
  readonly client: MqttClient;
  readonly faults: FaultyDevice<LoadReading>;
  /** Of its readings so far, those that nobody has acknowledged: never sent, on their way, or lost on it. */
  readonly unacknowledged = new Set<number>();
  garbageAcknowledged = 0;
  /** Readings made so far; the next one has this number. */
  made = 0;
  readonly #qos: 0 | 1 | 2;
  readonly #encode: (reading: LoadReading) => string | Buffer;
  readonly #watch: LoadWatch;
  readonly #place: { readonly lat: number; readonly lon: number };
  readonly #topic: string;

  constructor(parts: {
    readonly id: string;
    readonly client: MqttClient;
    readonly faults: FaultyDevice<LoadReading>;
    readonly qos: 0 | 1 | 2;
    readonly encode: (reading: LoadReading) => string | Buffer;
    readonly watch: LoadWatch;
    readonly random: Random;
  }) {
    this.id = parts.id;
    this.client = parts.client;
    this.faults = parts.faults;
    this.#qos = parts.qos;
    this.#encode = parts.encode;
    this.#watch = parts.watch;
    this.#topic = telemetryTopic(parts.id);
    const near = (middle: number) =>
      Number((middle + parts.random.between(-SPREAD_DEGREES, SPREAD_DEGREES)).toFixed(5));
    this.#place = { lat: near(MIDDLE.lat), lon: near(MIDDLE.lon) };
  }

  /**
   * Sends its next reading, or what the faults make of it.
   *
   * @param at epoch ms, of the device before its clock is wrong
   * @param dueAt on the clock of `performance.now`
   */
  next(at: number, dueAt: number): void {
    const n = this.made;
    this.made += 1;
    this.unacknowledged.add(n);
    for (const outgoing of this.faults.send({ at, n, ...this.#place })) this.#send(outgoing, dueAt);
  }

  /** Sends what its faults hold back. */
  flush(): void {
    for (const outgoing of this.faults.flush()) this.#send(outgoing, performance.now());
  }

  #send(outgoing: Outgoing<LoadReading>, dueAt: number): void {
    const isGarbage = outgoing.kind === 'garbage';
    const payload = isGarbage ? outgoing.payload : this.#encode(outgoing.reading);
    this.#watch.sent(isGarbage);
    this.client.publish(this.#topic, payload, { qos: this.#qos }, (error) => {
      if (error) {
        this.#watch.failed(error);
        return;
      }
      if (isGarbage) this.garbageAcknowledged += 1;
      else this.unacknowledged.delete(outgoing.reading.n);
      this.#watch.acknowledged(performance.now() - dueAt, isGarbage);
    });
  }
}
