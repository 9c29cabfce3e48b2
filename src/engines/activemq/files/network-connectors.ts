// Connections of a pair to other brokers, by which messages cross (networks of brokers).

import {
  attributesOf,
  childrenOf,
  decoded,
  elementWith,
  isElement,
  type XmlNode,
} from '../../../control/configurations/activemq/xml-tree.ts';
import { ControlError } from '../../../control/errors.ts';
import type { PairUser } from './users.ts';

/** Brokers that one connector may name. */
const addressesMax = 16;

/** Addresses with TLS, without options: some of these would end the check of the other side's name. */
const address = String.raw`ssl://(?:[A-Za-z0-9][A-Za-z0-9.-]{0,253}|\[[0-9A-Fa-f:.]{2,45}\]):\d{1,5}`;
const form = new RegExp(
  `^(?:static|masterslave):(?://)?\\(${address}(?:,${address}){0,${addressesMax - 1}}\\)$`,
);

/**
 * Checks the connectors of a configuration, and adds the passwords that it does not contain: a connector
 * logs in as one of the users of the pair, who has the same password at the other broker.
 *
 * @param users the users of the pair
 * @param escaped escapes a value of an attribute
 * @throws {ControlError} `bad-request` for an address without TLS, and a user that the pair does not have
 */
export function networkConnectors(
  given: XmlNode,
  users: readonly PairUser[],
  escaped: (value: string) => string,
): XmlNode {
  const why = whyNoNetwork(given, users);
  if (why !== undefined) {
    throw new ControlError('bad-request', `the configuration cannot be used: ${why}`);
  }
  const connectors = childrenOf(given).filter((node) => isElement(node));
  return elementWith(
    'networkConnectors',
    new Map(),
    connectors.map((node) => {
      const attributes = new Map(Object.entries(attributesOf(node)));
      const user = users.find(({ username }) => username === nameIn(node));
      attributes.set('password', escaped(user?.password ?? ''));
      return elementWith('networkConnector', attributes, childrenOf(node));
    }),
  );
}

/**
 * Why the connectors of a configuration are not permitted; undefined if they are.
 *
 * @param users the users of the pair; undefined if it may get others
 */
export function whyNoNetwork(
  given: XmlNode,
  users: readonly Pick<PairUser, 'username'>[] | undefined,
): string | undefined {
  const connectors = childrenOf(given).filter((node) => isElement(node));
  for (const [at, node] of connectors.entries()) {
    const shown = `networkConnector ${at + 1}`;
    if (!form.test(decoded(attributesOf(node)['uri'] ?? ''))) {
      const allowed = 'static:(ssl://host:port) or masterslave:(ssl://host:port,ssl://host:port)';
      return `${shown} has a uri other than ${allowed}, with at most ${addressesMax} addresses`;
    }
    const isUser = users?.some(({ username }) => username === nameIn(node)) ?? true;
    if (!isUser) return `${shown} has a userName that is not a user of the broker`;
  }
  return undefined;
}

function nameIn(connector: XmlNode): string {
  return decoded(attributesOf(connector)['userName'] ?? '');
}
