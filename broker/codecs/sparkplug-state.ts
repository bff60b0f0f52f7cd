import type { DialectState } from './codec.ts';

/** `[name, alias, datatype, unit]` of a metric as its birth told them; arrays, for they are kept as JSON and are many. */
export type Definition = readonly [string, string | null, number | null, string | null];

/** What one birth told, and of which Wayside device: the edge node's own for a device that is not registered. */
export type Scope = readonly [name: string, definitions: readonly Definition[], deviceId: string];

/** What the births of an edge node and its devices told. The edge node's own scope is ''. */
export interface Births {
  /** The Wayside device that the edge node is. */
  readonly node: string;
  /** Number of the session (`bdSeq`): a death of an earlier one says nothing. */
  readonly bdSeq: number | null;
  readonly scopes: readonly Scope[];
}

export interface Progress {
  /** Of the newest message, 0 to 255; null where the next one may have any. */
  readonly seq: number | null;
  readonly online: boolean;
  /** When a rebirth was asked for last; epoch ms, 0 for never. */
  readonly askedAt: number;
}

export interface SparkplugState {
  readonly births: Births | null;
  readonly progress: Progress;
}

/** Devices and metrics that are remembered of an edge node, and the bytes of their names. */
const MOST_SCOPES = 500;
const MOST_DEFINITIONS = 20_000;
const MOST_NAME_UNITS = 512 * 1024;

export const NO_STATE: SparkplugState = {
  births: null,
  progress: { seq: null, online: false, askedAt: 0 },
};

/** What the engine kept is JSON of this file's own making; anything else counts as nothing. */
export function readState(state: DialectState | null): SparkplugState {
  if (state === null) return NO_STATE;
  const births = state.definitions as Births | null;
  const progress = state.progress as Progress | null;
  const isSound =
    progress !== null &&
    typeof progress === 'object' &&
    (births === null || (typeof births === 'object' && Array.isArray(births.scopes)));
  return isSound ? { births, progress } : NO_STATE;
}

export function writeState({ births, progress }: SparkplugState): DialectState {
  return { definitions: births, progress };
}

/** Replaces what one scope told; a birth of the edge node forgets all its devices. */
export function withBirth(
  births: Births | null,
  node: string,
  scope: Scope,
  bdSeq: number | null,
): Births | null {
  const [name] = scope;
  const others = name === '' || births === null ? [] : births.scopes.filter(([other]) => other !== name);
  const next: Births = {
    node,
    bdSeq: name === '' ? bdSeq : (births?.bdSeq ?? null),
    scopes: [...others, scope],
  };
  return isBounded(next) ? next : null;
}

function isBounded({ scopes }: Births): boolean {
  if (scopes.length > MOST_SCOPES) return false;
  let count = 0;
  let units = 0;
  for (const [, definitions] of scopes) {
    count += definitions.length;
    for (const [name, , , unit] of definitions) units += name.length + (unit?.length ?? 0);
  }
  return count <= MOST_DEFINITIONS && units <= MOST_NAME_UNITS;
}

interface Lookup {
  readonly byAlias: ReadonlyMap<string, Definition>;
  readonly byName: ReadonlyMap<string, Definition>;
}

/** Made once a birth: the births of a node are replaced, never changed. */
const lookups = new WeakMap<readonly Definition[], Lookup>();

/** What a scope's birth told, to be found by alias and by name; null where it had none. */
export function lookupOf(births: Births | null, scope: string): Lookup | null {
  const definitions = births?.scopes.find(([name]) => name === scope)?.[1];
  if (definitions === undefined) return null;
  let lookup = lookups.get(definitions);
  if (lookup === undefined) {
    const byAlias = new Map<string, Definition>();
    const byName = new Map<string, Definition>();
    for (const definition of definitions) {
      if (definition[1] !== null) byAlias.set(definition[1], definition);
      byName.set(definition[0], definition);
    }
    lookup = { byAlias, byName };
    lookups.set(definitions, lookup);
  }
  return lookup;
}
