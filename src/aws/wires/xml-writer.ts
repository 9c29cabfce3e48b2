// Writes values as XML.

import type { Shape, ShapeNode } from '../shapes/shape.ts';
import { toText } from '../shapes/text.ts';

type NodeOf<Kind extends ShapeNode['kind']> = Extract<ShapeNode, { kind: Kind }>;
type Values = Readonly<Record<string, unknown>>;

/** The default element name of list elements. */
export const elementName = 'member';

/** The default element names of map entries, keys and values. */
export const mapNames = { entry: 'entry', key: 'key', value: 'value' } as const;

/**
 * Writes a value as an XML element.
 *
 * @param attributes additional escaped attributes, each with a leading space
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

/** Writes the content of a value's element. */
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
 * Writes an element.
 *
 * @param content XML
 * @param attributes as written by {@link xmlAttributeText}
 */
export function element(name: string, content: string, attributes = ''): string {
  return `<${name}${attributes}>${content}</${name}>`;
}

/** Writes an attribute with a leading space. */
export function xmlAttributeText(name: string, text: string): string {
  return ` ${name}="${escaped(text).replaceAll('"', '&quot;').replaceAll('\n', '&#xA;').replaceAll('\t', '&#x9;')}"`;
}

/**
 * Escapes text for XML 1.0. Carriage returns are escaped so that parsers keep them. Characters that
 * XML cannot represent are replaced by U+FFFD.
 */
export function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\r', '&#xD;');
}
