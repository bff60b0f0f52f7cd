import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createDuckDbStore } from '../../gateway/telemetry/duckdb-store.ts';
import { telemetryStoreConformance } from './telemetry-store.ts';

telemetryStoreConformance('DuckDB', async () => {
  const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'wayside-duckdb-'));
  return {
    store: createDuckDbStore({ file: path.join(directory, 'telemetry.duckdb') }),
    cleanUp: () => fs.rm(directory, { recursive: true, force: true }),
  };
});
