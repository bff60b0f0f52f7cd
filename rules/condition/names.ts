import { suggestion } from '../document/nearest-name.ts';
import type { RuleContext, Trigger } from '../document/trigger.ts';
import type { DeviceType } from '../readings/device-type.ts';

/** Fields of `position`; all are numbers. */
export const POSITION_FIELDS = ['lat', 'lon', 'accuracy', 'speed', 'heading', 'altitude'] as const;

const ATTRIBUTES = 'consumer.attributes';

/** Names by root, each with its fields (null: any); `consumer.attributes` has an entry of its own where traits are declared. */
export type KnownNames = Readonly<Record<string, readonly string[] | null>>;

/** What a rule's condition and templates may name. `place` and `visit` exist only for place triggers. */
export function knownNames(trigger: Trigger, context: RuleContext): KnownNames {
  const always = {
    device: ['id', 'type'],
    metrics: [...metricTypes(context.deviceTypes).keys()],
    position: [...POSITION_FIELDS],
    ...consumerNames(context.traits),
    segments: null,
    now: null,
  };
  return trigger.kind === 'place'
    ? { ...always, place: ['id', 'name', 'tags', 'timezone'], visit: ['id', 'enteredAt'] }
    : always;
}

/** What a segment's condition may name. */
export function consumerNames(traits: RuleContext['traits']): KnownNames {
  const consumer = ['id', 'timezone', 'attributes'];
  return traits === undefined || traits.length === 0
    ? { consumer }
    : { consumer, [ATTRIBUTES]: traits.map(({ name }) => name) };
}

const CEL_TYPES = { number: 'double', boolean: 'bool', string: 'string' } as const;
type CelType = (typeof CEL_TYPES)[keyof typeof CEL_TYPES] | 'dyn';

/** CEL type by metric name; a name that two device types use for different kinds is checked when it is evaluated. */
export function metricTypes(deviceTypes: readonly DeviceType[]): ReadonlyMap<string, CelType> {
  const types = new Map<string, CelType>();
  for (const deviceType of deviceTypes) {
    for (const [name, metric] of Object.entries(deviceType.metrics)) {
      const type = CEL_TYPES[metric.kind];
      types.set(name, types.has(name) && types.get(name) !== type ? 'dyn' : type);
    }
  }
  return types;
}

/** CEL type by trait name, or null where none is declared. */
export function traitTypes(traits: RuleContext['traits']): Readonly<Record<string, CelType>> | null {
  if (traits === undefined || traits.length === 0) return null;
  return Object.fromEntries(traits.map(({ name, kind }) => [name, CEL_TYPES[kind]]));
}

/** What is wrong with a dotted name, or null. Shared by conditions and templates, so that both speak alike. */
export function unknownName(read: string, known: KnownNames): string | null {
  const dot = read.indexOf('.');
  const root = dot < 0 ? read : read.slice(0, dot);
  if (!Object.hasOwn(known, root)) {
    if (root === 'place' || root === 'visit') return `"${root}" is known only where the trigger is a place`;
    const names = Object.keys(known).filter((name) => name !== ATTRIBUTES);
    return `"${root}" is not known; known are ${names.join(', ')}.${suggestion(root, names)}`;
  }
  const fields = known[root];
  if (dot < 0 || !fields) return null;
  const rest = read.slice(dot + 1);
  const unknown = unknownField(root, rest, fields);
  if (unknown !== null) return unknown;
  const attributes = known[ATTRIBUTES];
  if (!attributes || !read.startsWith(`${ATTRIBUTES}.`)) return null;
  return unknownField(ATTRIBUTES, read.slice(ATTRIBUTES.length + 1), attributes);
}

function unknownField(owner: string, rest: string, fields: readonly string[]): string | null {
  // A metric's name may hold dots itself, and what is below an attribute is free.
  const field = fields.includes(rest) ? rest : (rest.split('.', 1)[0] ?? rest);
  if (fields.includes(field)) return null;
  const listed = fields.length > 12 ? `${fields.slice(0, 12).join(', ')}, …` : fields.join(', ');
  return `"${owner}.${field}" is not known; ${owner} has ${listed}.${suggestion(field, fields)}`;
}
