// The free text in the input of an operation.

import type { FreeText, Shape, ShapeNode } from './shape.ts';

type NodeOf<Kind extends ShapeNode['kind']> = Extract<ShapeNode, { kind: Kind }>;
type PlainObject = Readonly<Record<string, unknown>>;

/** A text of a request that a person wrote: a name, a description, a tag. */
export interface FreeTextField {
  /** What the text is, such as `tag value`. */
  readonly what: string;
  /** The member of the input that contains it, in lower camel case. */
  readonly member: string;
  readonly text: string;
  /** The name of the value, such as the key of a tag. */
  readonly name: string | undefined;
}

/** Whether shapes contain free text; each shape is examined once. */
const known = new WeakMap<Shape<unknown>, boolean>();

function hasFreeText(shape: Shape<unknown>): boolean {
  const found = known.get(shape);
  if (found !== undefined) return found;
  const has = shape.freeText !== undefined || partsOf(shape).some(hasFreeText);
  known.set(shape, has);
  return has;
}

function partsOf({ node }: Shape<unknown>): readonly Shape<unknown>[] {
  if (node.kind === 'structure') return Object.values(node.members);
  if (node.kind === 'list') return [node.of];
  if (node.kind === 'map') return [node.key, node.value];
  return [];
}

/**
 * Collects the texts that a shape declares as free text.
 *
 * @param input the input of the operation; it may violate constraints
 */
export function freeTextOf(shape: Shape<unknown>, input: unknown): FreeTextField[] {
  const fields: FreeTextField[] = [];
  if (hasFreeText(shape)) collect(shape, input, '', undefined, fields);
  return fields;
}

function collect(
  shape: Shape<unknown>,
  value: unknown,
  member: string,
  name: string | undefined,
  fields: FreeTextField[],
): void {
  if (!hasFreeText(shape)) return;
  const { node, freeText } = shape;
  if (typeof value === 'string') add(freeText, value, member, name, fields);
  else if (node.kind === 'list' && Array.isArray(value)) {
    for (const element of value) collect(node.of, element, member, name, fields);
  } else if (isPlainObject(value)) {
    if (node.kind === 'map') collectMap(node, value, member, fields);
    if (node.kind === 'structure') collectStructure(node, value, member, fields);
  }
}

function collectMap(
  node: NodeOf<'map'>,
  value: PlainObject,
  member: string,
  fields: FreeTextField[],
): void {
  for (const [key, element] of Object.entries(value)) {
    collect(node.key, key, member, undefined, fields);
    collect(node.value, element, member, key, fields);
  }
}

function collectStructure(
  node: NodeOf<'structure'>,
  value: PlainObject,
  member: string,
  fields: FreeTextField[],
): void {
  for (const [each, shape] of Object.entries(node.members)) {
    const { nameMember } = shape.freeText ?? {};
    const name = nameMember === undefined ? undefined : textOf(value[nameMember]);
    const top = member === '' ? each.charAt(0).toLowerCase() + each.slice(1) : member;
    collect(shape, value[each], top, name, fields);
  }
}

function add(
  freeText: FreeText | undefined,
  text: string,
  member: string,
  name: string | undefined,
  fields: FreeTextField[],
): void {
  if (freeText !== undefined && text !== '') {
    fields.push({ what: freeText.what, member, text, name });
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A structure or map; not a list, a buffer, or a value that was not read. */
function isPlainObject(value: unknown): value is PlainObject {
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}
