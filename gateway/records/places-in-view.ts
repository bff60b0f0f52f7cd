import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Bounds } from './place-bounds.ts';
import type { Schema } from './schema.ts';

/** Places that lie near one another, as one mark on the map. */
export interface PlaceCluster {
  readonly lat: number;
  readonly lon: number;
  readonly places: number;
}

/** What a map shows of a view: the places themselves, or, where they are too many to tell apart, their clusters. */
export type PlacesInView = {
  readonly matched: number;
  /** The box around all that meet the view; null where none does. */
  readonly extent: Bounds | null;
} & (
  | { readonly kind: 'places'; readonly texts: readonly string[] }
  | { readonly kind: 'clusters'; readonly clusters: readonly PlaceCluster[] }
);

/** More would be a blur, and the browser would take a second to draw them. */
const MOST_PLACES = 1_500;
/** Long outlines count too: this much is drawn in a moment. */
const MOST_BYTES = 6 * 1024 * 1024;
/** Marks side by side over a view. */
const CLUSTERS_ACROSS = 24;
const CLUSTERS_DOWN = 16;

/** The places whose boxes meet the view, as JSON texts of Features with id and name in their properties, or clusters of them. */
export async function placesInView(db: Kysely<Schema>, view: Bounds): Promise<PlacesInView> {
  const { matched, extent } = await extentOf(db, view);
  const clusters = async (): Promise<PlacesInView> => ({
    kind: 'clusters',
    matched,
    extent,
    clusters: await clustersIn(db, view),
  });
  if (matched > MOST_PLACES) return clusters();
  const { rows: sized } = await sql<{ bytes: number | null }>`select sum(length(feature_json)) as bytes
    from place_bounds join places on places.id = place where ${meets(view)}`.execute(db);
  if (matched > 1 && Number(sized[0]?.bytes ?? 0) > MOST_BYTES) return clusters();
  const { rows } = await sql<{ text: string }>`select
      json_set(feature_json, '$.id', id, '$.properties.id', id, '$.properties.name', name) as text
    from place_bounds join places on places.id = place where ${meets(view)} order by id`.execute(db);
  return { kind: 'places', matched, extent, texts: rows.map(({ text }) => text) };
}

async function extentOf(
  db: Kysely<Schema>,
  view: Bounds,
): Promise<{ readonly matched: number; readonly extent: Bounds | null }> {
  const { rows } = await sql<{ places: number } & Bounds>`select count(*) as places,
      min(west) as west, min(south) as south, max(east) as east, max(north) as north
    from place_bounds where ${meets(view)}`.execute(db);
  const [row] = rows;
  if (row === undefined || Number(row.places) === 0) return { matched: 0, extent: null };
  const { places, west, south, east, north } = row;
  return { matched: Number(places), extent: { west, south, east, north } };
}

/** Counts by the cells of a grid over the view, each where its places lie on average. */
async function clustersIn(db: Kysely<Schema>, view: Bounds): Promise<readonly PlaceCluster[]> {
  const width = (view.east - view.west) / CLUSTERS_ACROSS;
  const height = (view.north - view.south) / CLUSTERS_DOWN;
  // The middle of a place, brought into the turn of the earth that the view is on.
  const lon = sql`((west + east) / 2 - 360.0 * round(((west + east) / 2 - ${(view.west + view.east) / 2}) / 360.0))`;
  const lat = sql`((south + north) / 2)`;
  const { rows } = await sql<{ lat: number; lon: number; places: number }>`
    select avg(lat) as lat, avg(lon) as lon, count(*) as places
    from (select ${lon} as lon, ${lat} as lat from place_bounds where ${meets(view)})
    group by cast(floor((lon - ${view.west}) / ${width}) as integer),
      cast(floor((lat - ${view.south}) / ${height}) as integer)`.execute(db);
  return rows.map((row) => ({ lat: Number(row.lat), lon: Number(row.lon), places: Number(row.places) }));
}

/** A box that runs over the date line is met from its other side too. */
function meets({ west, south, east, north }: Bounds): RawBuilder<SqlBool> {
  const turns = [-360, 0, 360].map(
    (turn) => sql<SqlBool>`(west <= ${east + turn} and east >= ${west + turn})`,
  );
  return sql<SqlBool>`south <= ${north} and north >= ${south} and (${sql.join(turns, sql` or `)})`;
}
