import { assert } from '../../base/assert.ts';
import type { Broker } from '../../broker/broker.ts';
import type { MessageFormat } from '../../broker/format.ts';
import { brokerAdmissionLimits, webSocketLimits } from '../../net/limits.ts';
import { Listeners, type NamedListener } from '../../net/listeners.ts';
import { type ServerCertificate, TlsListener } from '../../net/tls-listener.ts';
import { defaultPolicy, parityPolicy } from '../../net/tls-policy.ts';
import { amqp091Format } from '../../protocols/amqp091/format.ts';
import { answerPlain } from '../../protocols/amqp091/plain-answer.ts';
import { amqp091 } from '../../protocols/amqp091/protocol.ts';
import type { Protocol } from '../../protocols/protocol.ts';

/** What a process needs of a protocol. */
export interface ProtocolParts {
  /** Makes the protocol's end of a broker's connections. */
  readonly protocol: (broker: Broker) => Protocol;
  /** Of the messages that it takes. */
  readonly format: MessageFormat;
  /** What to say to a client that speaks no TLS, given its first bytes. */
  readonly answerPlain: (bytes: Buffer) => Buffer;
}

/** The protocols that a listener can have. A process loads those that its listeners have. */
const protocols = {
  amqp091: async () => ({ protocol: amqp091, format: amqp091Format, answerPlain }),
  stomp: async () => (await import('./stomp-parts.ts')).stompParts,
} satisfies Record<string, () => Promise<ProtocolParts>>;

/** The protocols of some listeners, by their names. */
export type LoadedProtocols = ReadonlyMap<keyof typeof protocols, ProtocolParts>;

/** Loads the protocols that listeners have. */
export async function loadProtocols(specs: readonly ListenerSpec[]): Promise<LoadedProtocols> {
  const names = [...new Set(specs.flatMap((spec) => spec.protocols))];
  const parts = await Promise.all(names.map((name) => protocols[name]()));
  return new Map(names.map((name, at) => [name, parts[at] as ProtocolParts])); // one for each
}

const policies = { default: defaultPolicy, parity: parityPolicy } as const;

/** A listener of a broker. */
export interface ListenerSpec {
  /** The name of the listener, such as `amqps`. */
  readonly name: string;
  /**
   * At least one. They are detected by their first bytes; the first one answers unknown protocols.
   */
  readonly protocols: readonly (keyof typeof protocols)[];
  /** The ports to try, in this order; 0 for any free port. */
  readonly ports: readonly number[];
  /** `parity`: exactly what the Amazon MQ guide states. */
  readonly tlsPolicy: keyof typeof policies;
  /** Whether the protocols are also available over WebSocket. */
  readonly hasWebSocket: boolean;
}

/**
 * Opens the listeners of a broker, or none if one fails.
 *
 * @throws {NetError} `port-in-use`, `listen-failed`
 */
export async function openListeners(
  specs: readonly ListenerSpec[],
  { broker, host, certificates, loaded }: ListenerParts,
): Promise<Listeners> {
  const made = new Map<string, Protocol>();
  const partsOf = (name: keyof typeof protocols) => {
    const parts = loaded.get(name);
    assert(parts !== undefined, `protocol ${name} is not loaded`);
    return parts;
  };
  const protocolOf = (name: keyof typeof protocols) => {
    // All listeners use the same instance, so that connections of a protocol share their state.
    const protocol = made.get(name) ?? partsOf(name).protocol(broker);
    made.set(name, protocol);
    return protocol;
  };
  const webSocket = await webSocketMaker(specs);
  const list = specs.map((spec): NamedListener => {
    const [first] = spec.protocols;
    assert(first !== undefined, `listener ${spec.name} has no protocol`);
    const listener = new TlsListener({
      host,
      certificates,
      policy: policies[spec.tlsPolicy],
      limits: brokerAdmissionLimits,
      protocols: spec.protocols.map(protocolOf),
      webSocket: spec.hasWebSocket ? webSocket : undefined,
      answerPlain: partsOf(first).answerPlain,
    });
    return { name: spec.name, ports: spec.ports, listener };
  });
  return Listeners.open(list);
}

/** The parts that the listeners need. */
export interface ListenerParts {
  readonly broker: Broker;
  readonly host: string;
  readonly certificates: readonly ServerCertificate[];
  readonly loaded: LoadedProtocols;
}

/** Loads the WebSocket code only if a listener needs it. */
async function webSocketMaker(specs: readonly ListenerSpec[]) {
  if (!specs.some((spec) => spec.hasWebSocket)) return undefined;
  const { WebSocketEndpoint } = await import('../../net/web-socket-endpoint.ts');
  return (host: ConstructorParameters<typeof WebSocketEndpoint>[1]) =>
    new WebSocketEndpoint(webSocketLimits, host);
}
