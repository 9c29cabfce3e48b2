// The XML from which ActiveMQ starts a broker.

import { XMLBuilder } from 'fast-xml-parser';
import {
  attributesOf,
  brokerNamespace,
  childrenOf,
  elementWith,
  isElement,
  nameOf,
  readXml,
  type XmlNode,
  xmlOptions,
} from '../../../control/configurations/activemq/xml-tree.ts';
import { ControlError } from '../../../control/errors.ts';
import { networkConnectors, whyNoNetwork } from './network-connectors.ts';
import { whyRepeated } from './repetitions.ts';
import { brokerId, statisticsBeans } from './statistics.ts';
import type { JavaTls } from './tls.ts';
import type { PairUser } from './users.ts';

/** A connector: where one instance listens. */
export interface Connector {
  /** `openwire+ssl` */
  readonly name: string;
  /** `ssl` */
  readonly scheme: string;
  readonly port: number;
}

/** What the configuration of an instance depends on, besides what its owner wrote. */
export interface ConfigurationParts {
  readonly brokerName: string;
  /** The address on which it listens. */
  readonly host: string;
  readonly connectors: readonly Connector[];
  readonly tls: JavaTls;
  /** Connections of each connector. */
  readonly connectionCountMax: number;
  /** The folders and files on the volume, absolute. */
  readonly paths: {
    readonly data: string;
    readonly store: string;
    readonly keyStore: string;
    /** The authorities of other brokers. */
    readonly trustStore: string;
  };
  /** Of both stores. */
  readonly keyStorePassword: string;
  /** See {@link statisticsBeans}. */
  readonly statisticsToken: string;
  /** As whom it can log in to other brokers. */
  readonly users: readonly PairUser[];
}

/** Frames that a connector accepts at most, bytes. */
const frameBytesMax = 100 * 1024 * 1024;

/**
 * Settings of the root element that this service decides: a broker that stores nothing does not take
 * the lock of the store either, so that both instances of a pair would be active.
 */
const ownAttributes = ['persistent', 'start'];
/** Elements that have no effect here: connectors are ours. */
const ownElements = ['transportConnectors'];

const writer = new XMLBuilder({ ...xmlOptions, suppressEmptyNode: true, format: true });

/**
 * Adds to the configuration of a broker what makes it a pair: the shared store with its lock, the
 * log-in, and connectors over TLS. Everything else reaches ActiveMQ as its owner wrote it.
 *
 * @param text the stored configuration; undefined for the defaults of ActiveMQ
 * @returns the text, and the settings of the owner that have no effect
 * @throws {ControlError} `bad-request` if the stored text cannot be read, has something more often than ActiveMQ
 *   takes it, or has a connection to another broker that is not permitted
 */
export function brokerXml(
  text: string | undefined,
  parts: ConfigurationParts,
): { readonly xml: string; readonly withoutEffect: readonly string[] } {
  const root = text === undefined ? undefined : readXml(text, true).find((node) => isElement(node));
  const children = root === undefined ? [] : childrenOf(root).filter((node) => isElement(node));
  const why = root === undefined ? undefined : whyRepeated(root);
  if (why !== undefined) {
    throw new ControlError('bad-request', `the configuration cannot be used: ${why}`);
  }
  const given = new Map(Object.entries(root === undefined ? {} : attributesOf(root)));
  const withoutEffect = [
    ...ownAttributes.filter((name) => given.has(name)),
    ...ownElements.filter((name) => children.some((node) => nameOf(node) === name)),
  ];
  for (const name of [...ownAttributes, 'xmlns']) given.delete(name);
  const attributes = new Map([
    ...given,
    ['xmlns', brokerNamespace],
    ['id', brokerId(parts.statisticsToken)],
    ['brokerName', escaped(parts.brokerName)],
    ['useJmx', 'false'],
    ['persistent', 'true'],
    ['useShutdownHook', 'false'],
    ['dataDirectory', escaped(parts.paths.data)],
  ]);
  const elements = new Map(children.map((node) => [nameOf(node), node]));
  for (const name of ownElements) elements.delete(name);
  const network = elements.get('networkConnectors');
  if (network !== undefined) {
    elements.set('networkConnectors', networkConnectors(network, parts.users, escaped));
  }
  for (const element of [
    persistence(elements.get('persistenceAdapter'), parts),
    plugins(elements.get('plugins')),
    systemUsage(elements.get('systemUsage')),
    tlsContext(parts),
    connectors(parts),
  ]) {
    elements.set(nameOf(element), element);
  }
  // The schema of some versions requires this order.
  const sorted = [...elements.values()].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const broker = elementWith('broker', attributes, sorted);
  const beans = `${String(writer.build([broker]))}${statisticsBeans(parts.statisticsToken)}`;
  return { xml: `${beansStart}${beans}\n</beans>\n`, withoutEffect };
}

/**
 * Why pairs cannot run with a stored configuration, as far as can be told without ActiveMQ.
 *
 * @param users the users of the pair; undefined if it may get others
 */
export function whyUnusable(
  text: string,
  users: readonly Pick<PairUser, 'username'>[] | undefined,
): string | undefined {
  const root = readXml(text, true).find((node) => isElement(node));
  const children = root === undefined ? [] : childrenOf(root).filter((node) => isElement(node));
  const network = children.find((node) => nameOf(node) === 'networkConnectors');
  const why = network === undefined ? undefined : whyNoNetwork(network, users);
  return (root && whyRepeated(root)) ?? why;
}

const beansStart = `<?xml version="1.0" encoding="UTF-8"?>
<beans xmlns="http://www.springframework.org/schema/beans"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="http://www.springframework.org/schema/beans http://www.springframework.org/schema/beans/spring-beans.xsd http://activemq.apache.org/schema/core http://activemq.apache.org/schema/core/activemq-core.xsd">
`;

/** The store that both instances share. Whoever has its lock is active, and looks for it again and again. */
function persistence(given: XmlNode | undefined, { paths }: ConfigurationParts): XmlNode {
  const [kahaDb] = given === undefined ? [] : childrenOf(given).filter((node) => isElement(node));
  const attributes = new Map([
    ...Object.entries(kahaDb === undefined ? {} : attributesOf(kahaDb)),
    ['directory', escaped(paths.store)],
    ['lockKeepAlivePeriod', '2000'],
  ]);
  const locker = element('locker', {}, [
    element('shared-file-locker', { lockAcquireSleepInterval: '1000' }),
  ]);
  return element('persistenceAdapter', {}, [elementWith('kahaDB', attributes, [locker])]);
}

/** The log-in comes first: the others ask which user it is. */
function plugins(given: XmlNode | undefined): XmlNode {
  const login = element('jaasAuthenticationPlugin', { configuration: loginName });
  return element('plugins', {}, [login, ...(given === undefined ? [] : childrenOf(given))]);
}

/** Limits by the heap and the disk, where the owner has not set others. */
function systemUsage(given: XmlNode | undefined): XmlNode {
  const [inner] = given === undefined ? [] : childrenOf(given).filter((node) => isElement(node));
  const attributes = inner === undefined ? {} : attributesOf(inner);
  const set = inner === undefined ? [] : childrenOf(inner).filter((node) => isElement(node));
  const usual = [
    usage('memoryUsage', { percentOfJvmHeap: '70' }),
    usage('storeUsage', { percentLimit: '90' }),
    usage('tempUsage', { percentLimit: '10' }),
  ].filter((node) => set.every((other) => nameOf(other) !== nameOf(node)));
  return element('systemUsage', {}, [element('systemUsage', attributes, [...set, ...usual])]);
}

function usage(name: string, limit: Readonly<Record<string, string>>): XmlNode {
  return element(name, {}, [element(name, limit)]);
}

/** The name of the log-in in the file of log-ins. */
export const loginName = 'waxwing';

function tlsContext({ paths, keyStorePassword }: ConfigurationParts): XmlNode {
  const settings = {
    keyStore: escaped(`file:${paths.keyStore}`),
    keyStoreType: 'PKCS12',
    keyStorePassword: escaped(keyStorePassword),
    trustStore: escaped(`file:${paths.trustStore}`),
    trustStoreType: 'PKCS12',
    trustStorePassword: escaped(keyStorePassword),
  };
  return element('sslContext', {}, [element('sslContext', settings)]);
}

function connectors(parts: ConfigurationParts): XmlNode {
  const { host, tls, connectionCountMax } = parts;
  const address = host.includes(':') ? `[${host}]` : host;
  const settings = [
    `maximumConnections=${connectionCountMax}`,
    `transport.enabledProtocols=${tls.versions.join(',')}`,
    `transport.enabledCipherSuites=${tls.suites.join(',')}`,
  ];
  return element(
    'transportConnectors',
    {},
    parts.connectors.map(({ name, scheme, port }) => {
      const all = [
        ...settings,
        ...(scheme === 'ssl' ? [`wireFormat.maxFrameSize=${frameBytesMax}`] : []),
      ];
      const uri = escaped(`${scheme}://${address}:${port}?${all.join('&')}`);
      return element('transportConnector', { name: escaped(name), uri });
    }),
  );
}

function element(
  name: string,
  attributes: Readonly<Record<string, string>>,
  children: readonly XmlNode[] = [],
): XmlNode {
  return elementWith(name, new Map(Object.entries(attributes)), children);
}

/** Where an expression begins. */
const expressionStart = '#{';

/**
 * A value that ActiveMQ reads as it is given. Spring, with which it reads its configuration, evaluates
 * expressions in all values, and XBean takes `#` at the start for a reference, and `##` for `#`. The
 * owner's values have neither. The writer expands nothing, so that the owner's entities stay as they are.
 */
function escaped(value: string): string {
  const literal = value.replaceAll(expressionStart, `#{'${expressionStart}'}`);
  return (literal.startsWith('#') ? `#${literal}` : literal)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
