import { isDialectAnswer } from './dialects.ts';
import type { BrokerPorts } from './ports.ts';
import type { Principal } from './principal.ts';
import { parseDeviceTopic } from './topics.ts';

export type AnswerPorts = Pick<BrokerPorts, 'answer' | 'answerInDialect' | 'giveCommand'>;

/** How something is kept that is said beside telemetry. */
export interface AnswerKeeper {
  /** Resolves when it is kept, with null; or with why it is nothing that could be kept. */
  keep(): Promise<string | null>;
  /** Whether it is published to nobody: by whoever keeps it, if at all. */
  readonly isForKeeperAlone: boolean;
}

/** A message that its sender may publish. */
interface Said {
  readonly sender: Principal;
  readonly clientId: string;
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** Finds who keeps an answer of a device, or a command that a service account gives; null where a message is neither. */
export function answerKeeper(
  ports: AnswerPorts,
  { sender, clientId, topic, payload }: Said,
): AnswerKeeper | null {
  const { answer, answerInDialect, giveCommand } = ports;
  if (isDialectAnswer(topic)) {
    // The topic is that of all devices: a subscriber would get what is another's.
    const message = { deviceId: sender.id, clientId, topic, payload };
    return { keep: () => kept(answerInDialect?.(message)), isForKeeperAlone: true };
  }
  const parsed = parseDeviceTopic(topic);
  switch (parsed?.kind) {
    case 'reply':
    case 'config-reported':
      if (answer === undefined) return null;
      return { keep: () => kept(answer({ ...parsed, topic, payload })), isForKeeperAlone: false };
    case 'commands': {
      if (sender.kind !== 'service' || giveCommand === undefined) return null;
      // It goes to the device, and to whoever else listens, by the one who keeps it.
      const command = { deviceId: parsed.deviceId, by: sender.id, payload };
      return { keep: () => giveCommand(command), isForKeeperAlone: true };
    }
    default:
      return null;
  }
}

async function kept(keeping: Promise<void> | undefined): Promise<null> {
  await keeping;
  return null;
}
