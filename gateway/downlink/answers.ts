import type { Kysely } from 'kysely';
import type { DeviceAnswer } from '../../broker/ports.ts';
import { type Command, keepReplies, type ReplyOutcome, type ReplyToKeep } from '../records/commands.ts';
import { type DeviceConfig, keepReports, type ReportToKeep } from '../records/device-config.ts';
import type { Schema } from '../records/schema.ts';
import { type AnswerFault, readReply, readReport } from './device-words.ts';
import { Gather } from './gather.ts';

/** What a device is told about an answer that is not understood. */
export interface AnswerError {
  readonly code: AnswerFault;
  readonly message: string;
  readonly topic: string;
}

export interface AnswersParts {
  readonly records: Kysely<Schema>;
  /** Real time, epoch ms. */
  readonly realNow: () => number;
  readonly onReply: (command: Command) => void;
  readonly onReport: (config: DeviceConfig) => void;
  readonly onError: (deviceId: string, error: AnswerError) => void;
}

/** Replies to commands and reports of configurations: kept in the records before the device is acknowledged. */
export class Answers {
  readonly #parts: AnswersParts;
  readonly #replies: Gather<ReplyToKeep, ReplyOutcome>;
  readonly #reports: Gather<ReportToKeep, void>;

  constructor(parts: AnswersParts) {
    const { records, realNow } = parts;
    this.#parts = parts;
    this.#replies = new Gather((replies) => keepReplies(records, replies, realNow()));
    this.#reports = new Gather(async (reports) => {
      const kept = await keepReports(records, reports, realNow());
      for (const config of kept) parts.onReport(config);
      return reports.map(() => undefined);
    });
  }

  /** Resolves when all that came is kept. */
  async settled(): Promise<void> {
    await Promise.all([this.#replies.settled(), this.#reports.settled()]);
  }

  /** Takes an answer as it came over the wire. Resolves when it is kept, or when the device was told what is wrong with it. */
  async take(answer: DeviceAnswer): Promise<void> {
    const { deviceId, topic, payload } = answer;
    const refuse = (code: AnswerFault, message: string) =>
      this.#parts.onError(deviceId, { code, message, topic });
    switch (answer.kind) {
      case 'reply': {
        const reply = readReply(payload);
        if (!reply.ok) {
          refuse(reply.code, reply.message);
          return;
        }
        const { commandId } = answer;
        const outcome = await this.reply({ deviceId, commandId, reply: reply.value });
        if (outcome.kind === 'unknown')
          refuse('unknown_command', `there is no command "${commandId}" for this device`);
        return;
      }
      case 'config-reported': {
        const report = readReport(payload);
        if (report.ok) await this.report({ deviceId, ...report.value });
        else refuse(report.code, report.message);
      }
    }
  }

  /** Keeps a reply that was read already. */
  async reply(reply: ReplyToKeep): Promise<ReplyOutcome> {
    const outcome = await this.#replies.add(reply);
    if (outcome.kind === 'kept') this.#parts.onReply(outcome.command);
    return outcome;
  }

  /** Keeps what a device says that it applied. */
  report(report: ReportToKeep): Promise<void> {
    return this.#reports.add(report);
  }
}
