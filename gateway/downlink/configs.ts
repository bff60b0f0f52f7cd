import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Change } from '../records/audit.ts';
import {
  type ConfigExpectation,
  configAnnounced,
  type DeviceConfig,
  getDeviceConfig,
  setDesiredConfig,
  unannouncedConfigs,
} from '../records/device-config.ts';
import type { Schema } from '../records/schema.ts';
import { Turns } from './turns.ts';

/** After a broker that could not retain it. */
const RETRY_MS = 5_000;

export interface ConfigsParts {
  readonly records: Kysely<Schema>;
  readonly log: Pick<Logger, 'error'>;
  /** Real time, epoch ms. */
  readonly realNow: () => number;
  /** Has the broker retain what a device is to be set to; resolves when that is on disk. */
  readonly retain: (config: DeviceConfig) => Promise<void>;
  /** What is desired has changed, and the broker has it. */
  readonly onDesired: (config: DeviceConfig) => void;
}

/** What devices are to be set to: saved in the records, then retained by the broker. */
export class Configs {
  readonly #parts: ConfigsParts;
  /** One announcement a device at a time, or an older version could be retained last. */
  readonly #announcing = new Turns();
  #retry: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(parts: ConfigsParts) {
    this.#parts = parts;
  }

  /** Announces what an earlier process saved and could not announce; to be called when the broker runs. */
  async start(): Promise<void> {
    for (const { device } of await unannouncedConfigs(this.#parts.records)) await this.#announce(device);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    await this.#announcing.settled();
  }

  /** @throws WaysideError `not_found`, `config_changed`, `config_conflict` */
  async set(
    device: string,
    settings: Readonly<Record<string, unknown>>,
    expected: ConfigExpectation,
    change: Change,
  ): Promise<DeviceConfig> {
    const { records, realNow } = this.#parts;
    const { config, changed } = await setDesiredConfig(
      records,
      device,
      settings,
      expected,
      realNow(),
      change,
    );
    if (changed) await this.#announce(device);
    return config;
  }

  #announce(device: string): Promise<void> {
    return this.#announcing.take(device, () => this.#announceNewest(device));
  }

  async #announceNewest(device: string): Promise<void> {
    const { records, log, retain, onDesired } = this.#parts;
    try {
      const config = await getDeviceConfig(records, device);
      await retain(config);
      await configAnnounced(records, device, config.desiredVersion);
      onDesired(config);
    } catch (err) {
      // It is saved, and is announced as soon as the broker can keep it.
      log.error({ err, device }, 'a configuration could not be announced; it is tried again');
      if (!this.#stopped) this.#tryAgain();
    }
  }

  #tryAgain(): void {
    this.#retry ??= setTimeout(() => {
      this.#retry = null;
      this.start().catch((err: unknown) => {
        this.#parts.log.error({ err }, 'configurations could not be read');
        if (!this.#stopped) this.#tryAgain();
      });
    }, RETRY_MS).unref();
  }
}
