// The listeners of a broker and their protocols.

import { assert } from '../../base/assert.ts';
import type { Broker } from '../../broker/broker.ts';
import type { MessageFormat } from '../../broker/format.ts';
import type { RabbitMqSettings } from '../../control/configurations/rabbitmq/settings.ts';
import { answerPlainHttp } from '../../net/http/plain-http.ts';
import { brokerAdmissionLimits, webSocketLimits } from '../../net/limits.ts';
import { Listeners, type NamedListener, type PortListener } from '../../net/listeners.ts';
import {
  type ClientCertificateOptions,
  type ListenerAccess,
  type ServerCertificate,
  TlsListener,
} from '../../net/tls-listener.ts';
import {
  amazonMqActiveMqTlsPolicy,
  amazonMqTlsPolicy,
  defaultTlsPolicy,
  type TlsPolicy,
} from '../../net/tls-policy.ts';
import { amqp091Format } from '../../protocols/amqp091/format.ts';
import { answerPlain } from '../../protocols/amqp091/plain-answer.ts';
import { amqp091 } from '../../protocols/amqp091/protocol.ts';
import type { Protocol } from '../../protocols/protocol.ts';

/** The parts of a protocol that a process needs. */
export interface ProtocolParts {
  /**
   * Creates the protocol for a broker.
   *
   * @param settings those of a broker of RabbitMQ's type with a configuration
   */
  readonly protocol: (broker: Broker, settings: RabbitMqSettings | undefined) => Protocol;
  /** The format of messages that are received with this protocol. */
  readonly format: MessageFormat;
  /**
   * Returns the answer to a client that does not use TLS, from its first bytes; empty if they are of another
   * protocol.
   *
   * @param isWebSocket whether clients connect to the port by WebSocket
   */
  readonly answerPlain: (bytes: Buffer, isWebSocket: boolean) => Buffer;
}

/** The supported protocols. A process loads those of its listeners. */
const protocols = {
  amqp091: async () => ({ protocol: amqp091, format: amqp091Format, answerPlain }),
  amqp10: async () => (await import('./parts/amqp10-parts.ts')).amqp10Parts,
  'amqp10-rabbitmq': async () =>
    (await import('./parts/amqp10-rabbitmq-parts.ts')).amqp10RabbitMqParts,
  openwire: async () => (await import('./parts/openwire-parts.ts')).openwireParts,
  stomp: async () => (await import('./parts/stomp-parts.ts')).stompParts,
  'stomp-rabbitmq': async () =>
    (await import('./parts/stomp-rabbitmq-parts.ts')).stompRabbitMqParts,
  mqtt: async () => (await import('./parts/mqtt-parts.ts')).mqttParts,
  'mqtt-rabbitmq': async () => (await import('./parts/mqtt-rabbitmq-parts.ts')).mqttRabbitMqParts,
} satisfies Record<string, () => Promise<ProtocolParts>>;

/** Loaded protocols by name. */
export type LoadedProtocols = ReadonlyMap<keyof typeof protocols, ProtocolParts>;

/** Loads the protocols of listeners. */
export async function loadProtocols(specs: readonly ListenerSpec[]): Promise<LoadedProtocols> {
  const names = [...new Set(specs.flatMap((spec) => spec.protocols))];
  const parts = await Promise.all(names.map((name) => protocols[name]()));
  return new Map(names.map((name, at) => [name, parts[at] as ProtocolParts])); // each name has one
}

/**
 * Loads the formats of messages that a broker may have stored: those of its listeners, and those of protocols
 * that its configuration had switched on before.
 */
export async function storedFormats(loaded: LoadedProtocols): Promise<MessageFormat[]> {
  const formats: MessageFormat[] = [...loaded.values()].map(({ format }) => format);
  if (!loaded.has('amqp10-rabbitmq') || loaded.has('mqtt-rabbitmq')) return formats;
  const { rabbitMqMqttFormat } = await import('../../protocols/mqtt/rabbitmq/format.ts');
  return [...formats, rabbitMqMqttFormat];
}

/** The protocols of a broker. */
export type BrokerProtocols = ReadonlyMap<
  keyof typeof protocols,
  { readonly protocol: Protocol; readonly answerPlain: ProtocolParts['answerPlain'] }
>;

/**
 * Creates the protocols of a broker, with one instance for all listeners, so that the connections of a
 * protocol share their state. Must be called in the turn in which the broker is opened, because the rules
 * of the protocol already apply then, for example to messages that expire.
 */
export function beginProtocols(
  loaded: LoadedProtocols,
  broker: Broker,
  settings: RabbitMqSettings | undefined,
): BrokerProtocols {
  const parts = [...loaded].map(
    ([name, { protocol, answerPlain: answer }]) =>
      [name, { protocol: protocol(broker, settings), answerPlain: answer }] as const,
  );
  return new Map(parts);
}

const policies = {
  default: defaultTlsPolicy,
  'rabbitmq-parity': amazonMqTlsPolicy,
  'activemq-parity': amazonMqActiveMqTlsPolicy,
} as const;

/** A listener of a broker. */
export interface ListenerSpec {
  /** The name of the listener, such as `amqps`. */
  readonly name: string;
  /**
   * At least one, except for management. They are detected by their first bytes; the first one
   * answers unknown protocols.
   */
  readonly protocols: readonly (keyof typeof protocols)[];
  /** The ports to try, in this order; 0 for any free port. */
  readonly ports: readonly number[];
  /** `…-parity`: exactly what the Amazon MQ guide states for brokers of the type. */
  readonly tlsPolicy: keyof typeof policies;
  /** Whether the protocols are also available over WebSocket. */
  readonly hasWebSocket: boolean;
  /** Whether it serves the management API or the console over HTTPS, and nothing else. */
  readonly isManagement?: boolean;
}

/** The names of the listeners of protocols. */
export function connectorsOf(specs: readonly ListenerSpec[]): string[] {
  return specs.filter(({ isManagement }) => isManagement !== true).map(({ name }) => name);
}

/** Makes the listeners of a broker, which are not open yet. */
export async function makeListeners(
  specs: readonly ListenerSpec[],
  { host, certificates, access, protocols: begun, management, clientCertificates }: ListenerParts,
): Promise<NamedListener[]> {
  const partsOf = (name: keyof typeof protocols) => {
    const parts = begun.get(name);
    assert(parts !== undefined, `protocol ${name} was not created`);
    return parts;
  };
  const webSocket = await webSocketMaker(specs);
  const listenerOf = (spec: ListenerSpec): PortListener => {
    return new TlsListener({
      host,
      certificates,
      access,
      clientCertificates,
      policy: policies[spec.tlsPolicy],
      limits: brokerAdmissionLimits,
      protocols: spec.protocols.map((name) => partsOf(name).protocol),
      webSocket: spec.hasWebSocket ? webSocket : undefined,
      answerPlain: (bytes) => {
        const http = spec.hasWebSocket ? answerPlainHttp(bytes, ['wss']) : undefined;
        if (http !== undefined) return http;
        const answers = spec.protocols.map((name) =>
          partsOf(name).answerPlain(bytes, spec.hasWebSocket),
        );
        return answers.find(({ length }) => length > 0) ?? Buffer.alloc(0);
      },
    });
  };
  const list: NamedListener[] = [];
  for (const spec of specs) {
    const { name, ports, isManagement, tlsPolicy } = spec;
    const listener = isManagement
      ? await management.listener(policies[tlsPolicy])
      : listenerOf(spec);
    list.push({ name, ports, listener });
  }
  return list;
}

/**
 * Opens the listeners of a broker, or none if one fails, and tells the protocols that clients can connect.
 *
 * @throws {NetError} `port-in-use`, `listen-failed`
 */
export async function openListeners(
  made: readonly NamedListener[],
  protocols: BrokerProtocols,
): Promise<Listeners> {
  const listeners = await Listeners.open(made);
  for (const { protocol } of protocols.values()) protocol.begun?.();
  return listeners;
}

/** The HTTPS port of a broker: the management API or the console. */
export interface AdministrationPort {
  /** Creates its listener. */
  listener(policy: TlsPolicy): Promise<PortListener>;
  /** All listeners of the broker are open. */
  started?(listeners: Listeners): void;
}

/** The parts that the listeners need. */
export interface ListenerParts {
  readonly host: string;
  readonly certificates: readonly ServerCertificate[];
  /** How clients reach them; undefined for directly. */
  readonly access?: ListenerAccess | undefined;
  readonly protocols: BrokerProtocols;
  /** The management API or the console. */
  readonly management: AdministrationPort;
  /** Undefined if clients are not asked for certificates. */
  readonly clientCertificates?: ClientCertificateOptions | undefined;
}

/** Loads the WebSocket code only if a listener needs it. */
async function webSocketMaker(specs: readonly ListenerSpec[]) {
  if (!specs.some((spec) => spec.hasWebSocket)) return undefined;
  const { WebSocketEndpoint } = await import('../../net/web-socket/endpoint.ts');
  return (host: ConstructorParameters<typeof WebSocketEndpoint>[1]) =>
    new WebSocketEndpoint(webSocketLimits, host);
}
