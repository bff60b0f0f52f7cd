import type { CommandState } from '../records/commands.ts';
import type { Presence } from '../records/presence.ts';

/** What happens on the way to devices, as the live stream tells it. */
export type DownlinkEvent =
  | ({ readonly kind: 'presence'; readonly device: string } & Presence)
  | {
      readonly kind: 'command';
      readonly device: string;
      readonly id: string;
      readonly name: string;
      readonly state: CommandState;
      /** Of the reply. */
      readonly status?: 'ok' | 'error';
    }
  | {
      readonly kind: 'config';
      readonly device: string;
      readonly desiredVersion: number;
      readonly reportedVersion: number | null;
      readonly inSync: boolean;
    };
