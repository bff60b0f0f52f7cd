/** What was made. */
export interface BackupMade {
  readonly path: string;
  readonly files: number;
  readonly bytes: number;
  /** All that was acknowledged before is in it; real time, epoch ms. */
  readonly createdAt: number;
  readonly telemetry: 'duckdb' | 'influxdb';
}
