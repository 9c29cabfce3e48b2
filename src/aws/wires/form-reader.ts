// Reads the parameters of a form according to a shape.

import { RequestError } from '../errors.ts';
import type { Shape, ShapeNode } from '../shapes/shape.ts';
import { fromText } from '../shapes/text.ts';
import { elementName, mapNames } from './xml-writer.ts';

type NodeOf<Kind extends ShapeNode['kind']> = Extract<ShapeNode, { kind: Kind }>;

/** Maximum number of dot-separated parts in a parameter name. Real services have fewer than ten. */
export const namePartCountMax = 64;

/** A node in the tree of parameter names. */
interface FormNode {
  value: string | undefined;
  readonly children: Map<string, FormNode>;
}

/**
 * Reads a form according to a shape. Members are named `Name`, nested members `Name.Member`, list
 * elements `Name.member.N`, map entries `Name.entry.N.key` and `Name.entry.N.value`. Flattened
 * lists and maps omit the middle part. Unknown parameters are ignored.
 *
 * @throws {RequestError} `unreadable`
 */
export function readForm(shape: Shape<unknown>, form: ReadonlyMap<string, string>): unknown {
  const root: FormNode = { value: undefined, children: new Map() };
  for (const [name, value] of form) nodeAt(root, name).value = value;
  return memberValue(shape, root);
}

function nodeAt(root: FormNode, name: string): FormNode {
  const parts = name.split('.', namePartCountMax + 1);
  if (parts.length > namePartCountMax) {
    const text = `The name of a parameter has more than ${namePartCountMax} parts, the maximum allowed`;
    throw new RequestError('unreadable', text);
  }
  let node = root;
  for (const part of parts) {
    const known = node.children.get(part);
    const next = known ?? { value: undefined, children: new Map() };
    if (known === undefined) node.children.set(part, next);
    node = next;
  }
  return node;
}

function memberValue(shape: Shape<unknown>, node: FormNode | undefined): unknown {
  if (node === undefined) return undefined;
  const { node: kind } = shape;
  switch (kind.kind) {
    case 'structure':
      return structureOf(kind, node);
    case 'list':
      return listOf(kind, shape, node);
    case 'map':
      return mapOf(kind, shape, node);
    default:
      return node.value === undefined ? undefined : fromText(shape, node.value, 'date-time');
  }
}

function structureOf({ members }: NodeOf<'structure'>, node: FormNode): object {
  const found = Object.entries(members).map(([memberName, member]) => {
    return [memberName, memberValue(member, node.children.get(member.xml?.name ?? memberName))];
  });
  return Object.fromEntries(found);
}

function listOf({ of }: NodeOf<'list'>, { xml }: Shape<unknown>, node: FormNode): unknown[] {
  const elements = xml?.isFlattened ? node : node.children.get(of.xml?.name ?? elementName);
  return numbered(elements).map((each) => memberValue(of, each) ?? null);
}

function mapOf({ key, value }: NodeOf<'map'>, { xml }: Shape<unknown>, node: FormNode): object {
  const entries = numbered(xml?.isFlattened ? node : node.children.get(mapNames.entry));
  const pairs = entries.map(({ children }) => [
    children.get(key.xml?.name ?? mapNames.key)?.value ?? '',
    memberValue(value, children.get(value.xml?.name ?? mapNames.value)) ?? null,
  ]);
  return Object.fromEntries(pairs);
}

/** The nodes named 1, 2, … in that order. Numbers may be missing. */
function numbered(node: FormNode | undefined): FormNode[] {
  const found: (readonly [number: number, node: FormNode])[] = [];
  for (const [name, child] of node?.children ?? []) {
    if (!/^[1-9]\d{0,8}$/.test(name)) {
      const text = 'List and map entries in parameter names must be numbered from 1';
      throw new RequestError('unreadable', text);
    }
    found.push([Number(name), child]);
  }
  return found.sort(([a], [b]) => a - b).map(([, child]) => child);
}
