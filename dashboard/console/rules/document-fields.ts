/** A rule document as somebody is writing it: anything may be missing or of the wrong kind. */
export type DocumentValue = unknown;
export type Path = readonly (string | number)[];

/** What lies at a path, or undefined. */
export function valueAt(document: DocumentValue, path: Path): unknown {
  let value = document;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[key];
  }
  return value;
}

/** What lies at a path as a field shows it: texts as they are, numbers written out, nothing for what is missing. */
export function textAt(document: DocumentValue, path: Path): string {
  const value = valueAt(document, path);
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** The list at a path; none where there is no list. */
export function listAt(document: DocumentValue, path: Path): readonly unknown[] {
  const value = valueAt(document, path);
  return Array.isArray(value) ? value : [];
}

export const has = (document: DocumentValue, path: Path): boolean => valueAt(document, path) !== undefined;

/** As problems name it: `trigger.place.tag`. */
export const dotted = (path: Path): string => path.join('.');
