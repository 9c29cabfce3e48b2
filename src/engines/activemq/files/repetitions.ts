// Finds elements that a configuration repeats, although ActiveMQ uses only one of them.

import {
  attributesOf,
  childrenOf,
  decoded,
  isElement,
  nameOf,
  type XmlNode,
} from '../../../control/configurations/activemq/xml-tree.ts';

/** Properties with a list. All others have one element. */
const lists: ReadonlySet<string> = new Set([
  'authorizationEntries',
  'destinationInterceptors',
  'destinations',
  'durableDestinations',
  'dynamicallyIncludedDestinations',
  'excludedDestinations',
  'forwardTo',
  'networkConnectors',
  'plugins',
  'policyEntries',
  'redeliveryPolicyEntries',
  'staticallyIncludedDestinations',
  'transportConnectors',
  'virtualDestinations',
]);

/** The names of connectors of pairs. */
const connectorNames: readonly string[] = [
  'openwire+ssl',
  'amqp+ssl',
  'stomp+ssl',
  'mqtt+ssl',
  'wss',
];

/** Maximum length of a name in an error message, UTF-16 units. */
const shownMax = 100;

/**
 * Returns an error message if a configuration repeats an element of which ActiveMQ uses only one; otherwise
 * undefined.
 *
 * @param root the element `broker`. Its children are properties, whose children are objects with properties again
 */
export function whyRepeated(root: XmlNode): string | undefined {
  return twiceInObject(root) ?? sameName(root);
}

/**
 * ActiveMQ uses only one of two elements with the same name. If it ignored the `plugins` with the permissions, every
 * user would have all permissions.
 */
function twiceInObject(object: XmlNode): string | undefined {
  const properties = elementsIn(object);
  const names = properties.map((node) => nameOf(node));
  const again = names.find((name, at) => names.indexOf(name) !== at);
  const where = nameOf(object) === 'broker' ? '' : ` in ${nameOf(object)}`;
  if (again !== undefined) return `it has the element ${again} more than once${where}`;
  for (const property of properties) {
    const objects = elementsIn(property);
    if (objects.length > 1 && !lists.has(nameOf(property))) {
      const found = objects.map((node) => nameOf(node)).join(', ');
      return `it has more than one element in ${nameOf(property)}: ${found.slice(0, shownMax)}`;
    }
    // A connection that one lets write to a destination is not asked about by the other.
    const isAuthorisation = (node: XmlNode) => nameOf(node) === 'authorizationPlugin';
    if (objects.filter(isAuthorisation).length > 1) {
      return 'it has the element authorizationPlugin more than once in plugins';
    }
    for (const each of objects) {
      const why = twiceInObject(each);
      if (why !== undefined) return why;
    }
  }
  return undefined;
}

interface Named {
  readonly element: string;
  readonly name: string;
}

/** Spring takes the attribute `name` of each element for one or more names of an object, which must differ. */
function sameName(root: XmlNode): string | undefined {
  const known = new Map<string, Named>(
    connectorNames.map((name) => [name, { element: 'a connector of the pair', name }]),
  );
  for (const { element, name } of namedIn(root)) {
    for (const part of new Set(partsOf(name))) {
      const other = known.get(part);
      if (other !== undefined) {
        const both = `${shown(other)} and ${shown({ element, name })}`;
        return `${both} have the name [${cut(part)}], which ActiveMQ takes only once`;
      }
      known.set(part, { element, name });
    }
  }
  return undefined;
}

function shown({ element, name }: Named): string {
  return `${element} [${cut(name)}]`;
}

/** Replaces what could not be read in a message. */
function cut(name: string): string {
  const plain = name.replace(/\p{C}/gu, '?');
  return plain.length > shownMax ? `${plain.slice(0, shownMax)}…` : plain;
}

/** Cuts characters up to the space from both ends. A regular expression would take quadratic time. */
function trimmed(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && text.charCodeAt(start) <= 0x20) start++;
  while (end > start && text.charCodeAt(end - 1) <= 0x20) end--;
  return text.slice(start, end);
}

/** Splits the attribute `name` into names, as Spring does: at commas, semicolons and spaces, with each name trimmed. */
function partsOf(name: string): string[] {
  return name
    .split(/[,; ]/)
    .map(trimmed)
    .filter((part) => part !== '');
}

/** The elements with a name, without those that have no effect. */
function* namedIn(node: XmlNode): Iterable<Named> {
  const element = nameOf(node);
  if (element === 'transportConnectors') return;
  const written = attributesOf(node)['name'];
  if (written !== undefined) {
    yield { element, name: decoded(written.replace(/[\t\r\n]/g, ' ')) };
  }
  for (const child of elementsIn(node)) yield* namedIn(child);
}

function elementsIn(node: XmlNode): XmlNode[] {
  return childrenOf(node).filter((child) => isElement(child));
}
