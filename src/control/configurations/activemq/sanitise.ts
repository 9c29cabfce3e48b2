// Removes settings that are not permitted from ActiveMQ configurations.

import { XMLBuilder, XMLValidator } from 'fast-xml-parser';
import { assert } from '../../../base/assert.ts';
import { configurationLimits } from '../limits.ts';
import { type ElementRule, elementRules, rootRule } from './permitted.ts';
import type { ValueRule } from './values.ts';
import {
  attributesOf,
  cdataKey,
  childrenOf,
  commentKey,
  decoded,
  elementWith,
  isElement,
  malformed,
  nameOf,
  readXml,
  textOf,
  type XmlNode,
  xmlOptions,
} from './xml-tree.ts';

/** A removed setting. */
export interface SanitisingWarning {
  readonly reason:
    | 'DISALLOWED_ELEMENT_REMOVED'
    | 'DISALLOWED_ATTRIBUTE_REMOVED'
    | 'INVALID_ATTRIBUTE_VALUE_REMOVED';
  readonly elementName: string;
  readonly attributeName?: string;
}

/** A sanitised configuration. */
export interface SanitisedXml {
  /** Identical to the input if nothing was removed. */
  readonly text: string;
  /** In document order. */
  readonly warnings: readonly SanitisingWarning[];
}

/** Options that decide which elements are permitted. */
export interface SanitisingOptions {
  /** Whether permissions may come from an LDAP server. */
  readonly isLdap: boolean;
}

/**
 * Removes settings that Amazon MQ does not permit: elements with their contents, attributes, and
 * attributes with values that are not permitted.
 *
 * @throws {ControlError} 'bad-request' if the text is not XML or not a broker configuration
 */
export function sanitise(source: string, options: SanitisingOptions): SanitisedXml {
  const sanitiser = new Sanitiser(options);
  const nodes = readXml(source).map((node) =>
    isElement(node) ? sanitiser.element(node, rootRule) : node,
  );
  const { warnings } = sanitiser;
  if (warnings.length === 0 && !sanitiser.hasDroppedText) return { text: source, warnings };
  // The parser omits the XML declaration.
  const [declaration = ''] = /^\s*<\?xml[^>]{0,200}\?>\s*/.exec(source) ?? [];
  const text = `${declaration}${String(writer.build(nodes)).trim()}\n`;
  assert(XMLValidator.validate(text) === true, 'what is left of a configuration is well-formed');
  return { text, warnings };
}

const writer = new XMLBuilder({ ...xmlOptions, suppressEmptyNode: true, format: false });

class Sanitiser {
  readonly warnings: SanitisingWarning[] = [];
  hasDroppedText = false;
  readonly #options: SanitisingOptions;

  constructor(options: SanitisingOptions) {
    this.#options = options;
  }

  element(node: XmlNode, ruleName: string): XmlNode {
    const rule = elementRules.get(ruleName);
    assert(rule !== undefined, `there is a rule ${ruleName}`);
    const name = nameOf(node);
    const attributes = this.#attributes(node, name, rule, ruleName === rootRule);
    const children = childrenOf(node).flatMap((child) => this.#child(child, rule));
    return elementWith(name, attributes, children);
  }

  #attributes(node: XmlNode, elementName: string, rule: ElementRule, isRoot: boolean) {
    const kept = new Map<string, string>();
    for (const [attributeName, written] of Object.entries(attributesOf(node))) {
      const isAllowed = rule.attributes.get(attributeName);
      if (isRoot && attributeName === 'xmlns') {
        kept.set(attributeName, written);
      } else if (isAllowed === undefined) {
        this.warnings.push({ reason: 'DISALLOWED_ATTRIBUTE_REMOVED', elementName, attributeName });
      } else if (
        written.length > configurationLimits.xmlValueCharactersMax ||
        !isValue(written, isAllowed)
      ) {
        const reason = 'INVALID_ATTRIBUTE_VALUE_REMOVED';
        this.warnings.push({ reason, elementName, attributeName });
      } else {
        // The value is written in double quotes, whatever the input used.
        kept.set(attributeName, written.replaceAll('"', '&quot;'));
      }
    }
    return kept;
  }

  #child(node: XmlNode, rule: ElementRule): readonly XmlNode[] {
    const name = nameOf(node);
    if (name === commentKey) return [node];
    if (!isElement(node)) {
      if (name !== cdataKey && textOf(node).trim() === '') return [node];
      this.hasDroppedText = true;
      return [];
    }
    const child = rule.children.get(name);
    const isPermitted =
      child !== undefined && (this.#options.isLdap || name !== 'cachedLDAPAuthorizationMap');
    if (isPermitted) return [this.element(node, child)];
    requireNoPrefix(name);
    this.warnings.push({ reason: 'DISALLOWED_ELEMENT_REMOVED', elementName: name });
    return [];
  }
}

/**
 * Refuses a permitted element with a namespace prefix. It would be removed although ActiveMQ knows
 * it, and without its authorizationPlugin, for example, a broker permits everything.
 */
function requireNoPrefix(name: string): void {
  const local = name.slice(name.lastIndexOf(':') + 1);
  if (local !== name && elementRules.has(local)) {
    throw malformed('it has elements of ActiveMQ with a namespace prefix, which are not supported');
  }
}

function isValue(written: string, isAllowed: ValueRule): boolean {
  const value = decoded(written);
  return !isReference(value) && isAllowed(value);
}

/** Whether a value is a reference: an expression, a placeholder, or the name of another element. */
function isReference(value: string): boolean {
  return /[$#]\{/.test(value) || value.trimStart().startsWith('#');
}
