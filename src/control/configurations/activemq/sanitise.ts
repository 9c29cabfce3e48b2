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
  nameOf,
  readXml,
  textOf,
  type XmlNode,
  xmlOptions,
} from './xml-tree.ts';

/** Something that was removed from a configuration. */
export interface SanitisingWarning {
  readonly reason:
    | 'DISALLOWED_ELEMENT_REMOVED'
    | 'DISALLOWED_ATTRIBUTE_REMOVED'
    | 'INVALID_ATTRIBUTE_VALUE_REMOVED';
  readonly elementName: string;
  readonly attributeName?: string;
}

/** A configuration of which everything that is not permitted was removed. */
export interface SanitisedXml {
  /** The text as it was given where nothing was removed. */
  readonly text: string;
  /** In the order of the document. */
  readonly warnings: readonly SanitisingWarning[];
}

/** What decides whether an element is permitted besides its place. */
export interface SanitisingOptions {
  /** Whether rights may come from an LDAP server. */
  readonly isLdap: boolean;
}

/**
 * Removes what is not permitted from a configuration of ActiveMQ's type, as Amazon MQ does: elements
 * with all that is in them, attributes, and attributes whose values are not allowed.
 *
 * @throws {ControlError} 'bad-request' where it is not XML, or not of a broker
 */
export function sanitise(source: string, options: SanitisingOptions): SanitisedXml {
  const sanitiser = new Sanitiser(options);
  const nodes = readXml(source).map((node) =>
    isElement(node) ? sanitiser.element(node, rootRule) : node,
  );
  const { warnings } = sanitiser;
  if (warnings.length === 0 && !sanitiser.hasDroppedText) return { text: source, warnings };
  // The reader leaves the declaration out.
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
        // It is written between double quotes, whatever it was between.
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
    this.warnings.push({ reason: 'DISALLOWED_ELEMENT_REMOVED', elementName: name });
    return [];
  }
}

function isValue(written: string, isAllowed: ValueRule): boolean {
  const value = decoded(written);
  return !isReference(value) && isAllowed(value);
}

/** Whether a value stands for something else: an expression, a placeholder, or another element. */
function isReference(value: string): boolean {
  return /[$#]\{/.test(value) || value.trimStart().startsWith('#');
}
