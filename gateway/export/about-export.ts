import { PERSON_TABLES } from '../records/person-tables/all-tables.ts';
import { TIME } from '../records/person-tables/person-table.ts';
import { toldFields } from './export-rows.ts';

/** The form of an export; it changes when a name in it does. */
export const EXPORT_FORMAT = 'wayside.person.1';

/** What a reading is made of, in the export and as columns of CSV. */
export const READING_FIELDS = {
  at: { what: 'When it was', unit: TIME },
  lat: { what: 'Latitude (WGS 84)', unit: 'degrees' },
  lon: { what: 'Longitude (WGS 84)', unit: 'degrees' },
  accuracy: { what: 'Radius within which the position is right', unit: 'metres' },
  speed: { what: 'Speed', unit: 'metres per second' },
  heading: { what: 'Direction of the movement, clockwise from north', unit: 'degrees' },
  altitude: { what: 'Height above sea level', unit: 'metres' },
  metrics: { what: 'Measured values by name; `metrics` of the device type has their units' },
  event: { what: 'What happened' },
  flags: { what: '`late`: it came too late to count; `clock_corrected`: the clock of the device was ahead' },
} as const;

/** Says what is what in an export, for people and programs that know nothing of Wayside. */
export function aboutExport(): object {
  const sections = PERSON_TABLES.flatMap(([, table]) => {
    if (!('as' in table.export)) return [];
    const fields = [...toldFields(table).values()].map(({ as, what, unit }) => [
      as,
      { what, ...(unit !== undefined && { unit }) },
    ]);
    return [[table.export.as, { what: table.export.what, fields: Object.fromEntries(fields) }] as const];
  });
  return {
    ...Object.fromEntries(sections),
    log: {
      what: 'What was done and looked at concerning you and your devices',
      fields: {
        at: { what: 'When', unit: TIME },
        action: { what: 'What was done' },
        about: { what: '"you", or the id of the device' },
        by: { what: 'Who did it: "you", "staff" or "device"' },
        detail: { what: 'More of it' },
      },
    },
    metrics: {
      what: 'What the metrics of your devices mean, by device type and name',
    },
    telemetry: {
      what: 'All that each of your devices reported since it is linked to you, oldest first, by its id; positions and values that were too old to be kept are gone',
      fields: READING_FIELDS,
    },
  };
}
