import type { Shape, ShapeNode } from '../shapes/shape.ts';
import { toText } from '../shapes/text.ts';

type NodeOf<Kind extends ShapeNode['kind']> = Extract<ShapeNode, { kind: Kind }>;
type Values = Readonly<Record<string, unknown>>;

/** The name of a list's elements unless they have their own. */
export const elementName = 'member';

/** The names that a map's entries, keys and values have unless they have their own. */
export const mapNames = { entry: 'entry', key: 'key', value: 'value' } as const;

/**
 * A value as an XML element.
 *
 * @param attributes more of them, already escaped, with a space before each
 */
export function xmlElement(
  name: string,
  shape: Shape<unknown>,
  value: unknown,
  attributes = '',
): string {
  const { node } = shape;
  const own = node.kind === 'structure' ? attributesOf(node, value as Values) : '';
  return element(name, xmlContent(shape, value), attributes + own);
}

/** A value as what stands in its element. */
export function xmlContent(shape: Shape<unknown>, value: unknown): string {
  const { node } = shape;
  switch (node.kind) {
    case 'structure':
      return structureContent(node, value as Values);
    case 'list':
      return elementsOf(node, node.of.xml?.name ?? elementName, value as readonly unknown[]);
    case 'map':
      return entriesOf(node, mapNames.entry, value as Values);
    default:
      return escaped(toText(shape, value, 'date-time'));
  }
}

function structureContent({ members }: NodeOf<'structure'>, value: Values): string {
  const written = Object.entries(members).map(([memberName, member]) => {
    const given = value[memberName];
    if (given === undefined || given === null || member.xml?.isAttribute) return '';
    const name = member.xml?.name ?? memberName;
    const { node } = member;
    if (!member.xml?.isFlattened) return xmlElement(name, member, given);
    if (node.kind === 'list') return elementsOf(node, name, given as readonly unknown[]);
    return node.kind === 'map' ? entriesOf(node, name, given as Values) : '';
  });
  return written.join('');
}

function attributesOf({ members }: NodeOf<'structure'>, value: Values): string {
  const written = Object.entries(members).map(([memberName, member]) => {
    const given = value[memberName];
    if (given === undefined || given === null || !member.xml?.isAttribute) return '';
    return xmlAttributeText(member.xml.name ?? memberName, toText(member, given, 'date-time'));
  });
  return written.join('');
}

function elementsOf({ of }: NodeOf<'list'>, name: string, values: readonly unknown[]): string {
  return values.map((each) => xmlElement(name, of, each)).join('');
}

function entriesOf({ key, value }: NodeOf<'map'>, name: string, values: Values): string {
  const entries = Object.entries(values).map(([text, each]) => {
    const keyElement = element(key.xml?.name ?? mapNames.key, escaped(text));
    return element(name, keyElement + xmlElement(value.xml?.name ?? mapNames.value, value, each));
  });
  return entries.join('');
}

/**
 * An element.
 *
 * @param content XML
 * @param attributes as {@link xmlAttributeText} writes them
 */
export function element(name: string, content: string, attributes = ''): string {
  return `<${name}${attributes}>${content}</${name}>`;
}

/** An attribute, with a space before it. */
export function xmlAttributeText(name: string, text: string): string {
  return ` ${name}="${escaped(text).replaceAll('"', '&quot;').replaceAll('\n', '&#xA;').replaceAll('\t', '&#x9;')}"`;
}

/**
 * A text as XML 1.0 can hold it: markup escaped, carriage returns kept from being read as line feeds,
 * characters that XML has no way to write replaced by U+FFFD.
 */
export function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\r', '&#xD;');
}
