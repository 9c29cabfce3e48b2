// The dialect of brokers of RabbitMQ's type.

import type { Broker } from '../../../broker/broker.ts';
import type { ConnectionInspector } from '../../../broker/client-connection.ts';
import { BrokerError } from '../../../broker/errors.ts';
import type { LoginAttempt } from '../../../broker/logins/logins.ts';
import type { Access, User } from '../../../broker/users.ts';
import type { Transport } from '../../protocol.ts';
import { type PropertyWriter, propertyIds } from '../codec/properties.ts';
import type { Dialect, Opened, Terms } from '../dialect.ts';
import { MqttError } from '../errors.ts';
import type { MqttHost } from '../host.ts';
import { packetBytesMax } from '../limits.ts';
import type { ConnectPacket } from '../packets/connect.ts';
import { SessionRegistry } from '../sessions/session-registry.ts';
import { Inspector } from './inspector.ts';
import type { MqttOptions } from './options.ts';
import { clientIdBytesMax } from './session-queues.ts';
import { RabbitMqVhost } from './vhost-dialect.ts';

/** The default maximum size of a packet since RabbitMQ 4, in bytes. */
const version4PacketBytesMax = 16 * 1024 * 1024;

/** A session expiry that means for ever (MQTT 5, 3.2.2.3.2), in seconds. */
const foreverSeconds = 0xffff_ffff;

/** MQTT with the topic exchange of RabbitMQ. */
class RabbitMqDialect implements Dialect {
  readonly broker: Broker;
  readonly terms: Terms;
  readonly #options: MqttOptions;
  readonly #registries = new Map<string, SessionRegistry>();
  #hasBegun = false;

  constructor(broker: Broker, options: MqttOptions) {
    this.broker = broker;
    this.#options = options;
    const usual = broker.engineVersion.startsWith('3.') ? Infinity : version4PacketBytesMax;
    const asked = options.packetBytesMax ?? usual;
    this.terms = {
      connectBytesMax: options.connectBytesMax,
      packetBytesMax: Math.min(asked, packetBytesMax, broker.limits.bodyBytesMax),
      receiveAliasMax: options.aliasMax,
      sendAliasMax: options.aliasMax,
      inFlightCountMax: options.prefetchCount,
      qosMax: 1,
      sessionSecondsMax: options.sessionSecondsMax,
      hasSharedSubscriptions: false,
      endsUnauthorised: options.endsUnauthorised,
      channelCount: 0,
      priority: 0,
    };
    // Sessions expire also if no client connects.
    for (const name of broker.vhosts.keys()) this.#registryOf(name);
  }

  begun(): void {
    this.#hasBegun = true;
    for (const { wills } of this.#registries.values()) wills.begun();
  }

  attempt(packet: ConnectPacket, { peerAddress, peerCertificate }: Transport): LoginAttempt {
    const { username, password, clientId } = packet;
    const idBytes = Buffer.byteLength(clientId);
    if (idBytes > clientIdBytesMax) {
      const why = `a client id of ${idBytes} bytes is longer than ${clientIdBytesMax}`;
      throw new MqttError('peer', 'invalidClientId', why);
    }
    const hasPassword = username !== undefined && password !== undefined && password !== '';
    const hasNothing = username === undefined && password === undefined;
    const usesCertificate = hasNothing && this.#options.takesCertificates;
    if (!hasPassword && (!usesCertificate || peerCertificate === undefined)) {
      throw new MqttError('peer', 'badUserOrPassword', 'a user name and a password are required');
    }
    const [, name] = this.#split(username ?? '');
    return {
      username: name,
      password: password ?? '',
      peerAddress,
      protocol: 'MQTT',
      isGone: false,
    };
  }

  check(attempt: LoginAttempt, { peerCertificate }: Transport): Promise<User | undefined> {
    const { logins } = this.broker;
    // `attempt` has required a password or a certificate.
    if (attempt.password !== '') return logins.check(attempt);
    return logins.checkCertificate(peerCertificate, attempt);
  }

  /** Splits `vhost:name` at the last colon. */
  #split(username: string): [vhost: string, name: string] {
    const at = username.lastIndexOf(':');
    return at < 0
      ? [this.#options.vhost, username]
      : [username.slice(0, at), username.slice(at + 1)];
  }

  open(user: User, packet: ConnectPacket, clientId: string): Opened {
    const [vhost] = this.#split(packet.username ?? '');
    if (!this.broker.vhosts.has(vhost)) {
      throw new MqttError('peer', 'badUserOrPassword', `virtual host '${vhost}' does not exist`);
    }
    const access = accessOf(this.broker, user, vhost);
    access.clientId = clientId;
    return { access, registry: this.#registryOf(vhost) };
  }

  #registryOf(name: string): SessionRegistry {
    const vhost = this.broker.vhost(name);
    const known = this.#registries.get(name);
    // Another virtual host may have had the name.
    if (known?.dialect.vhost === vhost) return known;
    this.#forgetDeleted();
    const dialect = new RabbitMqVhost(this.broker, vhost, this.terms, this.#options);
    const registry = new SessionRegistry(dialect);
    this.#registries.set(name, registry);
    if (this.#hasBegun) registry.wills.begun();
    return registry;
  }

  /** Forgets the sessions of deleted virtual hosts. */
  #forgetDeleted(): void {
    for (const [name, registry] of this.#registries) {
      if (this.broker.vhosts.get(name) === registry.dialect.vhost) continue;
      registry.close();
      this.#registries.delete(name);
    }
  }

  announce(answer: PropertyWriter, expirySeconds: number | null): void {
    answer
      .byte(propertyIds.maximumQos, this.terms.qosMax)
      .byte(propertyIds.sharedSubscriptionAvailable, 0)
      .u32(propertyIds.sessionExpiry, expirySeconds ?? foreverSeconds);
  }

  inspector(host: MqttHost, transport: Transport): ConnectionInspector {
    return new Inspector(host, transport);
  }
}

/** @throws {MqttError} `quotaExceeded`; {BrokerError} `not-allowed` */
function accessOf(broker: Broker, user: User, vhost: string): Access {
  try {
    return broker.access(user, vhost);
  } catch (error) {
    const isLimit = error instanceof BrokerError && error.message.includes('connection limit');
    if (!isLimit) throw error;
    throw new MqttError('peer', 'quotaExceeded', error.message, { cause: error });
  }
}

/** The dialect of a broker of RabbitMQ's type. */
export function rabbitMqDialect(broker: Broker, options: MqttOptions): Dialect {
  return new RabbitMqDialect(broker, options);
}
