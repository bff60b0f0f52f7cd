import { describe, it } from 'vitest';
import { createInfluxStore } from '../../gateway/telemetry/influx-store.ts';
import { createInfluxd, influxdMissing } from '../support/influxd.ts';
import { telemetryStoreConformance } from './telemetry-store.ts';

if (influxdMissing !== null) {
  describe.skip(`telemetry store: InfluxDB (skipped: ${influxdMissing})`, () => {
    it('keeps the conformance suite', () => undefined);
  });
} else {
  telemetryStoreConformance('InfluxDB 1.x', async () => {
    const influxd = await createInfluxd();
    await influxd.start();
    return {
      store: createInfluxStore({ url: influxd.url, token: '', org: '', bucket: 'wayside "test"' }),
      cleanUp: () => influxd.remove(),
    };
  });
}
