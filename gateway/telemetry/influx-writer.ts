import { setImmediate as nextTurn } from 'node:timers/promises';
import { InfluxError } from './influx-answer.ts';
import type { InfluxConnection } from './influx-connection.ts';
import { addLines } from './influx-lines.ts';
import { createPace } from './influx-pace.ts';
import { judgeRefusal } from './influx-refusal.ts';
import { whyUnstorable } from './storable.ts';
import type { RejectedPoint, TelemetryPoint, WriteOutcome } from './telemetry-store.ts';

/** Well below the 25 MB that 1.x takes in one request, and the 10 MB of 3. */
const MAX_BYTES = 8_000_000;
/** Requests on their way at once: the server waits for its disk for several together. */
const AT_ONCE = 4;
/** A proxy waited for the server in vain. */
const GATEWAY_TIMEOUT = 504;

interface Line {
  readonly point: TelemetryPoint;
  readonly text: string;
}

/** What is left of a batch; the same batch, handed over again after a retry, goes on here. */
interface Progress {
  readonly points: readonly TelemetryPoint[];
  /** Index of the first point that was never taken up. */
  next: number;
  /** Lines that were taken up and not stored. */
  readonly unsent: (readonly Line[])[];
  readonly rejected: RejectedPoint[];
}

/**
 * Writes batches, and says retry for whatever is not settled: the journal is the buffer, and nothing is given up here but
 * lines that the server refuses for what is in them. A line sent twice is the same point, and stored once.
 */
export function createInfluxWriter(connection: InfluxConnection, timeoutMs: number) {
  const pace = createPace(timeoutMs);
  let progress: Progress | null = null;

  /** The lines of one request. Lines are made when they are sent: a whole batch at once would hold up the thread. */
  function take(batch: Progress): readonly Line[] {
    const again = batch.unsent.shift();
    if (again !== undefined) {
      if (again.length <= pace.lines) return again;
      batch.unsent.unshift(again.slice(pace.lines));
      return again.slice(0, pace.lines);
    }
    const lines: Line[] = [];
    for (let bytes = 0; batch.next < batch.points.length && lines.length < pace.lines; batch.next += 1) {
      const point = batch.points[batch.next];
      if (point === undefined) break;
      const message = whyUnstorable(point);
      if (message !== null) {
        batch.rejected.push({ point, message });
        continue;
      }
      const before = lines.length;
      addLines(point, (text) => {
        bytes += text.length;
        lines.push({ point, text });
      });
      if (before > 0 && bytes > MAX_BYTES) {
        // They are the first ones of the next request.
        lines.length = before;
        break;
      }
    }
    return lines;
  }

  /** Sends one request and settles its lines, or puts them back and throws `InfluxError`. */
  async function store(batch: Progress, lines: readonly Line[]): Promise<void> {
    const texts = lines.map(({ text }) => text);
    try {
      await connection.write(texts, pace.timeoutMs);
      pace.succeeded();
      return;
    } catch (error) {
      if (!(error instanceof InfluxError)) throw error;
      const refusal = judgeRefusal(error.status, error.body, texts);
      switch (refusal.kind) {
        case 'some_bad':
          lines.forEach(({ point }, index) => {
            const reason = refusal.bad.get(index);
            if (reason !== undefined) batch.rejected.push({ point, message: reason });
          });
          return;
        case 'too_large':
          if (lines.length === 1) {
            batch.rejected.push(...lines.map(({ point }) => ({ point, message: error.message })));
            return;
          }
          pace.tooLarge(lines.length);
          batch.unsent.unshift(...halves(lines));
          return;
        case 'unknown_bad':
          if (lines.length === 1) {
            batch.rejected.push(...lines.map(({ point }) => ({ point, message: refusal.reason })));
            return;
          }
          batch.unsent.unshift(...halves(lines));
          return;
        case 'later':
          if (error.timedOut || error.status === GATEWAY_TIMEOUT) pace.unanswered(lines.length);
          batch.unsent.unshift(lines);
          throw error;
      }
    }
  }

  return {
    async write(points: readonly TelemetryPoint[]): Promise<WriteOutcome> {
      if (progress?.points !== points) progress = { points, next: 0, unsent: [], rejected: [] };
      const batch = progress;
      let failure: InfluxError | null = null;
      const lane = async (): Promise<void> => {
        while (failure === null) {
          // Lines are made for one request at a time: in between the thread is for others.
          await nextTurn();
          const lines = take(batch);
          if (lines.length === 0) return;
          try {
            await store(batch, lines);
          } catch (error) {
            if (!(error instanceof InfluxError)) throw error;
            failure ??= error;
          }
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, lane));
      if (failure !== null) {
        // Whatever it was, the server may be another when it is back: of another version, or without the database.
        connection.forget();
        return pace.retry(failure);
      }
      progress = null;
      const rejected = eachOnce(batch.rejected).toSorted((a, b) => a.point.seq - b.point.seq);
      return { kind: 'stored', rejected };
    },
  };
}

/** Both lines of a point may have been refused. */
function eachOnce(rejected: readonly RejectedPoint[]): readonly RejectedPoint[] {
  return [...new Map(rejected.map((one) => [one.point, one])).values()];
}

function halves(lines: readonly Line[]): readonly (readonly Line[])[] {
  const middle = Math.ceil(lines.length / 2);
  return [lines.slice(0, middle), lines.slice(middle)];
}
