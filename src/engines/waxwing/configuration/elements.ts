// Elements of ActiveMQ configurations.

import {
  attributesOf,
  childrenOf,
  decoded,
  isElement,
  nameOf,
  readXml,
  type XmlNode,
} from '../../../control/configurations/activemq/xml-tree.ts';

/** An element of a configuration. */
export class ConfigurationElement {
  readonly #node: XmlNode;

  constructor(node: XmlNode) {
    this.#node = node;
  }

  get name(): string {
    return nameOf(this.#node);
  }

  /** The value of an attribute without leading and trailing spaces; undefined if there is none. */
  attribute(name: string): string | undefined {
    const attributes = attributesOf(this.#node);
    const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    return value === undefined ? undefined : decoded(value).trim();
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
 * Parses a sanitised configuration.
 *
 * @returns the element `broker`
 * @throws {ControlError} 'bad-request' if the text is not a configuration
 */
export function readBroker(text: string): ConfigurationElement {
  const [broker] = readXml(text).filter((node) => isElement(node));
  // The parser refuses texts without this element.
  return new ConfigurationElement(broker as XmlNode);
}
