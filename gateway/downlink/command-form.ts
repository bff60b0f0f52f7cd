import type { Command } from '../records/commands.ts';

/** How a dialect puts commands on the wire. Adding one is a file and a line where the gateway is put together. */
export interface CommandForm {
  /**
   * Whether a device that subscribes to this filter asks for commands in this form. Asked when it subscribes, for filters that it
   * was granted.
   */
  takes(deviceId: string, filter: string): boolean;
  /** The message for a command, or null where the form can't say it: it goes on waiting. */
  encode(command: Command): { readonly topic: string; readonly payload: string | Uint8Array } | null;
}

/** The form of the contract: `{"id","name","args"}` on `devices/{id}/commands`. */
export const nativeForm: CommandForm = {
  takes(deviceId, filter) {
    const [prefix, owner, kind, ...rest] = filter.split('/');
    if (prefix !== 'devices' || owner !== deviceId) return false;
    if (kind === '#') return true;
    return (
      (kind === 'commands' || kind === '+') && (rest.length === 0 || (rest.length === 1 && rest[0] === '#'))
    );
  },
  encode: nativeMessage,
};

/** A command as the contract has it. */
export function nativeMessage({ device, id, name, args }: Command): {
  readonly topic: string;
  readonly payload: string;
} {
  return { topic: `devices/${device}/commands`, payload: JSON.stringify({ id, name, args }) };
}
