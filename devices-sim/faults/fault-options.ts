import type { Command } from 'commander';
import { positive, probability } from '../option-values.ts';

/** What is to go wrong between devices and gateway; nothing where all are 0. */
export interface FaultSettings {
  /** Probability that a reading is lost before it is sent. */
  readonly drop: number;
  /** Probability that a reading is sent twice, with the same `at`. */
  readonly duplicate: number;
  /** Probability that a reading is sent behind up to three later ones of its device. */
  readonly reorder: number;
  /** Each device's clock is wrong by a constant of its own, of up to so many seconds either way. */
  readonly clockSkewSeconds: number;
  /** Probability that a message which is no reading is sent beside a reading. */
  readonly garbage: number;
  /** All connections are cut at once so often; 0 for never. */
  readonly reconnectStormSeconds: number;
}

/** As commander parses them. */
export interface FaultOptions {
  readonly drop?: number;
  readonly duplicate?: number;
  readonly reorder?: number;
  readonly clockSkew?: number;
  readonly garbage?: number;
  readonly reconnectStorm?: number;
}

/** Adds the options of the faults to a command. */
export function addFaultOptions(command: Command): Command {
  return command
    .option(
      '--drop <p>',
      'fault: lose a reading before it is sent, with this probability (0 to 1)',
      probability,
    )
    .option('--duplicate <p>', 'fault: send a reading twice, with the same time', probability)
    .option('--reorder <p>', 'fault: send a reading behind up to three later ones of its device', probability)
    .option(
      '--clock-skew <seconds>',
      "fault: each device's clock is wrong, by a constant of its own of up to so many seconds either way",
      positive,
    )
    .option('--garbage <p>', 'fault: send a message that is no reading beside a reading', probability)
    .option(
      '--reconnect-storm <seconds>',
      'fault: cut every connection at once, without a goodbye, each time so many seconds have passed',
      positive,
    );
}

export function faultSettings(options: FaultOptions): FaultSettings {
  return {
    drop: options.drop ?? 0,
    duplicate: options.duplicate ?? 0,
    reorder: options.reorder ?? 0,
    clockSkewSeconds: options.clockSkew ?? 0,
    garbage: options.garbage ?? 0,
    reconnectStormSeconds: options.reconnectStorm ?? 0,
  };
}

/** Whether anything is to go wrong. */
export function areFaults(settings: FaultSettings): boolean {
  return Object.values(settings).some((value) => value > 0);
}
