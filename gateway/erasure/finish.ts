import type { Logger } from 'pino';
import {
  forgetErasedConsumers,
  type WaitingErasures,
  waitingErasures,
} from '../records/consumer-erasures.ts';
import { rewriteWhereDue } from '../records/erasure-marks.ts';
import { type SweepParts, sweepJournal, sweepRecords } from './sweep.ts';

/** How often it is looked after what is not through yet. */
const LOOK_EVERY_MS = 1_000;
/** A large file is written anew so long after an erasure, or at the next start. */
const REWRITE_AFTER_MS = 86_400_000;
/** While somebody waits for the answer. */
const LOOK_SOON_MS = 200;
/** What goes by itself in a moment is waited for, so that an erasure overwrites the files once. */
const SWEEP_WITHIN_MS = 3_500;
/** Overwriting a large file takes no more than this share of the time, whatever comes. */
const SWEEPS_SHARE = 0.2;

export interface FinishParts extends SweepParts {
  readonly log: Pick<Logger, 'error' | 'warn'>;
  /** Real time, epoch ms. */
  readonly realNow: () => number;
}

/** How far erasures are. */
export interface Progress extends WaitingErasures {
  /** Whether all that is through is overwritten in the files. */
  readonly isSwept: boolean;
}

/** Goes on with erasures until nothing is left of them; several that come together share the work. */
export interface Finisher {
  /** Goes on in the background with what an earlier process left, if anything: a store may be away for long. */
  resume(): Promise<void>;
  /** Resolves when `isDone` is content, or after that time; gives how far it is then. It goes on without anybody waiting. */
  until(isDone: (progress: Progress) => boolean, withinMs: number): Promise<Progress>;
  stop(): Promise<void>;
}

export function createFinisher(parts: FinishParts): Finisher {
  const { db, log, realNow } = parts;
  /** One look after the other. */
  let looks: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let rewriting: NodeJS.Timeout | undefined;
  let stopping = false;
  let failing = false;
  let swept = '';
  /** Since when something is not overwritten. */
  let unsweptSince: number | null = null;
  let maySweepAt = Number.NEGATIVE_INFINITY;

  /** @param isNew something was removed since the look before */
  function look(isNew: boolean): Promise<Progress> {
    const done = looks.then(async () => {
      // First: it is to be overwritten also where this look fails.
      if (isNew) swept = '';
      await sweepJournal(parts);
      await forgetErasedConsumers(db);
      const waiting = await waitingErasures(db);
      const state = JSON.stringify([[...waiting.consumers], [...waiting.devices]]);
      const isSwept = state === swept || (await sweepInTurn(waiting));
      if (isSwept) {
        swept = state;
        unsweptSince = null;
      }
      return { ...waiting, isSwept };
    });
    looks = done.catch(() => undefined); // whoever asked is told
    return done;
  }

  /** The same; what fails is told to the operator, once, and tried again: whoever was removed is removed all the same. */
  async function lookAndTell(isNew: boolean): Promise<Progress> {
    try {
      const progress = await look(isNew);
      failing = false;
      return progress;
    } catch (error) {
      if (!failing) log.error({ err: error }, 'an erasure could not be finished; it is tried again');
      failing = true;
      return { ...(await waitingErasures(db)), isSwept: false };
    }
  }

  async function sweepInTurn({ devices }: WaitingErasures): Promise<boolean> {
    const began = realNow();
    unsweptSince ??= began;
    // The last step of those whose telemetry is gone; who waits for a store may do so for long.
    const isGoingOn = [...devices.values()].includes(true);
    if (began < maySweepAt || (isGoingOn && began < unsweptSince + SWEEP_WITHIN_MS)) return false;
    if (await sweepRecords(parts)) rewriteLater();
    const tookMs = realNow() - began;
    maySweepAt = began + tookMs / SWEEPS_SHARE;
    return true;
  }

  /** Erasures of a day share it. */
  function rewriteLater(): void {
    if (stopping) return;
    rewriting ??= setTimeout(() => {
      rewriting = undefined;
      looks = looks.then(() => rewriteWhereDue(db, log));
    }, REWRITE_AFTER_MS);
  }

  function lookLater(): void {
    if (stopping || timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      lookAndTell(false).then(
        (progress) => {
          if (!isThrough(progress)) lookLater();
        },
        // Not even how far it is can be read.
        () => lookLater(),
      );
    }, LOOK_EVERY_MS);
  }

  return {
    async resume() {
      const { consumers, devices } = await waitingErasures(db);
      if (consumers.size + devices.size > 0) lookLater();
    },
    async until(isDone, withinMs) {
      const end = realNow() + withinMs;
      lookLater();
      for (let isNew = true; ; isNew = false) {
        const progress = await lookAndTell(isNew);
        if (isDone(progress) || realNow() >= end || stopping) return progress;
        await new Promise((resolve) => setTimeout(resolve, LOOK_SOON_MS));
      }
    },
    async stop() {
      stopping = true;
      clearTimeout(timer);
      clearTimeout(rewriting);
      await looks;
    },
  };
}

function isThrough({ consumers, devices, isSwept }: Progress): boolean {
  return consumers.size + devices.size === 0 && isSwept;
}
