// The shapes of JSON: names and types without values.

/** The shape of a value: a type, the shapes of the members of an object, or that of all items. */
export type Shape = string | { readonly [name: string]: Shape } | readonly Shape[];

/** The shape of a value. The items of an array count as one. */
export function shapeOf(value: unknown): Shape {
  if (value === null) return 'null';
  if (Array.isArray(value)) {
    const shapes = value.map(shapeOf);
    return shapes.length === 0 ? [] : [shapes.reduce(merged)];
  }
  if (typeof value !== 'object') return typeof value;
  const entries = Object.entries(value).map(([name, each]) => [name, shapeOf(each)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The members of both; of members with several types, the one that is not null. */
function merged(a: Shape, b: Shape): Shape {
  if (a === 'null') return b;
  if (typeof a === 'string' || typeof b === 'string') return a;
  if (isList(a) || isList(b)) return isList(a) && a.length === 0 ? b : a;
  const all: Record<string, Shape> = { ...a };
  for (const [name, shape] of Object.entries(b)) {
    const known = all[name];
    all[name] = known === undefined ? shape : merged(known, shape);
  }
  return all;
}

function isList(shape: Shape): shape is readonly Shape[] {
  return Array.isArray(shape);
}

/**
 * Lists what one shape lacks that another has: members, and types. More members are no difference.
 * A value that is null on one side may have any type, and an empty list any items.
 */
export function missingIn(found: Shape, wanted: Shape, path = ''): string[] {
  if (wanted === 'null' || found === 'null') return [];
  if (typeof wanted === 'string' || typeof found === 'string') {
    return wanted === found ? [] : [`${path}: ${kindOf(found)} instead of ${kindOf(wanted)}`];
  }
  if (isList(wanted) !== isList(found)) {
    return [`${path}: ${kindOf(found)} instead of ${kindOf(wanted)}`];
  }
  if (isList(wanted) && isList(found)) {
    const [item] = wanted;
    const [own] = found;
    return item === undefined || own === undefined ? [] : missingIn(own, item, `${path}[]`);
  }
  const members = found as { readonly [name: string]: Shape }; // neither a list nor a type
  return Object.entries(wanted).flatMap(([name, shape]) => {
    const own = members[name];
    const at = path === '' ? name : `${path}.${name}`;
    return own === undefined ? [`${at}: missing`] : missingIn(own, shape, at);
  });
}

function kindOf(shape: Shape): string {
  if (typeof shape === 'string') return shape;
  return isList(shape) ? 'array' : 'object';
}
