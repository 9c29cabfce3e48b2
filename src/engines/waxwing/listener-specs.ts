// The listeners of a broker.

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

/** The protocols that a listener can have. */
const protocols = { amqp091 } satisfies Record<string, (broker: Broker) => Protocol>;

/** The message formats of these protocols. */
export const formats: readonly MessageFormat[] = [amqp091Format];

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
  { broker, host, certificates }: ListenerParts,
): Promise<Listeners> {
  const made = new Map<string, Protocol>();
  const protocolOf = (name: keyof typeof protocols) => {
    // All listeners use the same instance, so that connections of a protocol share their state.
    const protocol = made.get(name) ?? protocols[name](broker);
    made.set(name, protocol);
    return protocol;
  };
  const webSocket = await webSocketMaker(specs);
  const list = specs.map((spec): NamedListener => {
    const listener = new TlsListener({
      host,
      certificates,
      policy: policies[spec.tlsPolicy],
      limits: brokerAdmissionLimits,
      protocols: spec.protocols.map(protocolOf),
      webSocket: spec.hasWebSocket ? webSocket : undefined,
      answerPlain,
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
}

/** Loads the WebSocket code only if a listener needs it. */
async function webSocketMaker(specs: readonly ListenerSpec[]) {
  if (!specs.some((spec) => spec.hasWebSocket)) return undefined;
  const { WebSocketEndpoint } = await import('../../net/web-socket-endpoint.ts');
  return (host: ConstructorParameters<typeof WebSocketEndpoint>[1]) =>
    new WebSocketEndpoint(webSocketLimits, host);
}
