// Elements of ActiveMQ configurations.

import { parseDestination, parseList } from '../../../broker/activemq/destination.ts';
import type { Address } from '../../../broker/conversion/properties.ts';
import { BrokerError } from '../../../broker/errors.ts';
import {
  attributesOf,
  childrenOf,
  decoded,
  isElement,
  nameOf,
  readXml,
  type XmlNode,
} from '../../../control/configurations/activemq/xml-tree.ts';

/** Receives the settings that have no effect. */
export type Warn = (text: string) => void;

/** The largest number: about 31 years in milliseconds. */
const numberMax = 1e12;

/** An element of a configuration. */
export class ConfigurationElement {
  readonly #node: XmlNode;

  constructor(node: XmlNode) {
    this.#node = node;
  }

  get name(): string {
    return nameOf(this.#node);
  }

  /** The names of all attributes. */
  get attributeNames(): readonly string[] {
    return Object.keys(attributesOf(this.#node));
  }

  /** The value of an attribute without leading and trailing spaces; undefined if there is none. */
  attribute(name: string): string | undefined {
    const attributes = attributesOf(this.#node);
    const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    return value === undefined ? undefined : decoded(value).trim();
  }

  /** The value of a boolean attribute. */
  flag(name: string, otherwise: boolean): boolean {
    const value = this.attribute(name)?.toLowerCase();
    return value === 'true' || (value !== 'false' && otherwise);
  }

  /** The value of a numeric attribute, moved into a range. */
  number(
    name: string,
    otherwise: number,
    { min = 0, max = numberMax }: { readonly min?: number; readonly max?: number } = {},
  ): number {
    const value = Number(this.attribute(name) ?? Number.NaN);
    return Number.isNaN(value) ? otherwise : Math.min(Math.max(value, min), max);
  }

  /**
   * The value of an attribute with a size, which may have a unit: `64 mb`. Undefined if there is none or
   * it is not a size.
   */
  bytes(name: string): number | undefined {
    const [, digits, unit = ''] = /^(\d{1,15})\s*(kb|mb|gb|k|m|g|b)?$/i.exec(
      this.attribute(name) ?? '',
    ) ?? [undefined, undefined];
    if (digits === undefined) return undefined;
    const power = ['k', 'm', 'g'].indexOf(unit.charAt(0).toLowerCase()) + 1;
    return Math.min(Number(digits) * 1024 ** power, Number.MAX_SAFE_INTEGER);
  }

  /** The child elements, or those with a name, in order. */
  children(name?: string): ConfigurationElement[] {
    const all = childrenOf(this.#node).filter((node) => isElement(node));
    const found = name === undefined ? all : all.filter((node) => nameOf(node) === name);
    return found.map((node) => new ConfigurationElement(node));
  }

  /** The elements that a path of names leads to, in order. */
  at(...path: readonly string[]): ConfigurationElement[] {
    let found: ConfigurationElement[] = [this];
    for (const name of path) found = found.flatMap((element) => element.children(name));
    return found;
  }
}

/**
 * Returns the names in an attribute, which may be a list with commas.
 *
 * @param warn called if the list has no valid name
 */
export function namesOf(
  element: ConfigurationElement,
  attribute: string,
  kind: Address['kind'],
  warn: Warn,
): Address[] {
  const text = element.attribute(attribute);
  if (text === undefined) return [];
  try {
    return parseList(text, (part) => parseDestination(part, kind));
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    warn(`${element.name} has an invalid ${attribute} and has no effect for it: ${error.message}`);
    return [];
  }
}

/** The attributes with names of destinations. */
const kindsByAttribute = {
  queue: 'queue',
  topic: 'topic',
  tempQueue: 'temporary-queue',
  tempTopic: 'temporary-topic',
} as const;

/** Returns the destinations that an element applies to. */
export function selectorsOf(element: ConfigurationElement, warn: Warn): Address[] {
  return Object.entries(kindsByAttribute).flatMap(([attribute, kind]) =>
    namesOf(element, attribute, kind, warn),
  );
}

/** Returns the destinations that are named by child elements with `physicalName`. */
export function destinationsIn(element: ConfigurationElement, warn: Warn): Address[] {
  return Object.entries(kindsByAttribute).flatMap(([name, kind]) =>
    element.children(name).flatMap((child) => namesOf(child, 'physicalName', kind, warn)),
  );
}

/**
 * Parses a sanitised configuration.
 *
 * @returns the element `broker`
 * @throws {ControlError} 'bad-request' if the text is not a configuration
 */
export function readBroker(text: string): ConfigurationElement {
  const [broker] = readXml(text, true).filter((node) => isElement(node));
  // The parser refuses texts without this element.
  return new ConfigurationElement(broker as XmlNode);
}
