/** Dotted paths at which two documents differ, down to two levels: "limits.cooldown". */
export function changedParts(before: object, after: object): readonly string[] {
  return differing(before, after, 2);
}

function differing(before: unknown, after: unknown, depth: number): readonly string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (depth === 0 || !isObject(before) || !isObject(after)) return [''];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) =>
    differing(before[key], after[key], depth - 1).map((rest) => (rest === '' ? key : `${key}.${rest}`)),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
