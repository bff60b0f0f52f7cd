import fs from 'node:fs/promises';
import path from 'node:path';
import { curitibaFormat } from './formats/curitiba.ts';
import { envirocarFormat } from './formats/envirocar.ts';
import { gpxFormat } from './formats/gpx.ts';
import { type RecordedReading, type Recording, RecordingError, type RecordingFormat } from './recording.ts';

/** Every format that `replay` reads. To add one, write its file and name it here. */
const FORMATS: readonly RecordingFormat[] = [envirocarFormat, curitibaFormat, gpxFormat];
/** A day at one fix a second is below 50 MB in the wordiest of the formats. */
const MAX_FILE_BYTES = 200_000_000;
/** Where nothing was recorded for so long, a journey ends. */
const JOURNEY_GAP_MS = 30 * 60_000;

/** Reads a file of any known format; throws `RecordingError` that names the file and what is wrong. */
export async function readRecording(file: string): Promise<Recording> {
  const text = await readText(file);
  const format = FORMATS.find((candidate) => candidate.recognises(text));
  if (format === undefined) {
    throw new RecordingError(`${file} is in no known format (${FORMATS.map(({ name }) => name).join(', ')})`);
  }
  try {
    const { readings, skipped } = format.parse(text);
    if (readings.length === 0) throw new RecordingError('has no reading');
    return {
      name: path.parse(file).name,
      format: format.name,
      deviceType: format.deviceType,
      readings: readings.toSorted((a, b) => a.at - b.at),
      skipped,
    };
  } catch (error) {
    if (error instanceof RecordingError) throw new RecordingError(`${file} ${error.message}`, error.cause);
    throw error;
  }
}

/** Cuts a recording where nothing was recorded for half an hour. */
export function journeysOf(readings: readonly RecordedReading[]): readonly (readonly RecordedReading[])[] {
  const journeys: RecordedReading[][] = [];
  for (const reading of readings) {
    const current = journeys.at(-1);
    const before = current?.at(-1);
    if (current !== undefined && before !== undefined && reading.at - before.at < JOURNEY_GAP_MS)
      current.push(reading);
    else journeys.push([reading]);
  }
  return journeys;
}

async function readText(file: string): Promise<string> {
  try {
    const { size } = await fs.stat(file);
    if (size > MAX_FILE_BYTES)
      throw new RecordingError(`${file} has ${size} bytes; at most ${MAX_FILE_BYTES} are read`);
    return await fs.readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof RecordingError) throw error;
    throw new RecordingError(
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      error,
    );
  }
}
