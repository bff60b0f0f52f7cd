/**
 * Edit distance with swaps of neighbours counted as one edit (optimal string alignment, Damerau 1964).
 * O(a·b) time, three rows of memory.
 */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = a[row - 1] === b[column - 1] ? 0 : 1;
      let best = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + substitution,
      );
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) best = Math.min(best, (beforePrevious[column - 2] ?? 0) + 1);
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/** Longer names are not compared: nobody mistypes them by a letter, and the cost is quadratic. */
const LONGEST_COMPARED = 128;

/** From this length on, a name that goes on where the other ends is taken for it: `monday` means `mon`. */
const SHORTEST_STEM = 3;

/**
 * The known name that a mistyped one most likely means, or null where none is near: at most a third of its letters
 * (at least one) may differ, or one is the beginning of the other. Case counts as no difference.
 */
export function nearestName(found: string, known: readonly string[]): string | null {
  if (found.length > LONGEST_COMPARED) return null;
  const lower = found.toLowerCase();
  let nearest: string | null = null;
  let least = Math.max(1, Math.floor(found.length / 3)) + 1;
  for (const name of known) {
    if (Math.abs(name.length - found.length) >= least) continue;
    const distance = editDistance(lower, name.toLowerCase());
    if (distance < least) {
      least = distance;
      nearest = name;
    }
  }
  if (nearest !== null || found.length < SHORTEST_STEM) return nearest;
  for (const name of known) {
    const stem = Math.min(name.length, found.length);
    if (stem >= SHORTEST_STEM && name.slice(0, stem).toLowerCase() === lower.slice(0, stem)) return name;
  }
  return null;
}

/** ` Did you mean "x"?`, or nothing. To be appended to a problem's message. */
export function suggestion(found: string, known: readonly string[]): string {
  const nearest = nearestName(found, known);
  return nearest === null ? '' : ` Did you mean "${nearest}"?`;
}
