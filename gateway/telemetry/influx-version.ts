/** Which API a server speaks. */
export interface InfluxVersion {
  readonly major: 1 | 2 | 3;
  /** As the server says it: "1.6.7~rc0", "v2.7.11", "3.4.1 Core". */
  readonly label: string;
}

/** What a server says about itself: the answers to GET /ping and, where that says nothing, to GET /health. */
export interface SelfDescription {
  readonly versionHeader: string | null;
  readonly buildHeader: string | null;
  readonly body: string;
}

/**
 * 1.x and 2.x answer /ping with 204 and `X-Influxdb-Version` ("1.6.7~rc0", "v2.7.11") and `X-Influxdb-Build` ("OSS"); 3 with 200,
 * `x-influxdb-version` ("3.4.1"), `x-influxdb-build` ("Core") and `{"version","revision","process_id"}`. InfluxDB Cloud says no version; it
 * speaks the API of 2.x. Null for what is no InfluxDB.
 */
export function versionOf(said: SelfDescription): InfluxVersion | null {
  const version = said.versionHeader ?? versionInBody(said.body);
  const build = said.buildHeader ?? '';
  const major = Number(/^v?(\d+)\./.exec(version ?? '')?.[1]);
  if (major >= 1) {
    const label = [version, build === 'OSS' ? '' : build].join(' ').trim();
    // What comes after 3 is taken for 3: it can't be known better.
    return { major: major === 1 || major === 2 ? major : 3, label };
  }
  return /cloud/i.test(build) ? { major: 2, label: build } : null;
}

export interface InfluxTarget {
  readonly org: string;
  readonly bucket: string;
  /** User and password rather than a token. */
  readonly isBasic: boolean;
}

/**
 * Where to write. 1.x before 1.8 has `/write` alone; 2.x and 3 have both, but take a user with password at `/write` only.
 */
export function writePath({ major }: InfluxVersion, { org, bucket, isBasic }: InfluxTarget): string {
  if (major === 1 || isBasic) return `/write?db=${encodeURIComponent(bucket)}&precision=ns`;
  const parameters = `bucket=${encodeURIComponent(bucket)}&precision=ns`;
  return major === 3
    ? `/api/v2/write?${parameters}`
    : `/api/v2/write?org=${encodeURIComponent(org)}&${parameters}`;
}

function versionInBody(body: string): string | null {
  return /"version"\s*:\s*"([^"]{1,50})"/.exec(body)?.[1] ?? null;
}
