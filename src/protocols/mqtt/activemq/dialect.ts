// The dialect of brokers of ActiveMQ's type.

import { activeMqOf } from '../../../broker/activemq/activemq.ts';
import type { Broker } from '../../../broker/broker.ts';
import type { LoginAttempt } from '../../../broker/logins/logins.ts';
import type { User } from '../../../broker/users.ts';
import type { Transport } from '../../protocol.ts';
import type { Dialect, Opened, Terms } from '../dialect.ts';
import {
  inFlightCountMax,
  packetBytesMax,
  receiveAliasMax,
  sendAliasMax,
  unauthenticatedPacketBytesMax,
} from '../limits.ts';
import type { ConnectPacket } from '../packets/connect.ts';
import { SessionRegistry } from '../sessions/session-registry.ts';
import { ActiveMqVhost } from './vhost-dialect.ts';

/** MQTT with ActiveMQ's topics. */
class ActiveMqDialect implements Dialect {
  readonly broker: Broker;
  readonly terms: Terms;
  readonly #registry: SessionRegistry;

  constructor(broker: Broker) {
    this.broker = broker;
    this.terms = {
      connectBytesMax: unauthenticatedPacketBytesMax,
      packetBytesMax: Math.min(packetBytesMax, broker.limits.bodyBytesMax),
      receiveAliasMax,
      sendAliasMax,
      inFlightCountMax,
      qosMax: 2,
      sessionSecondsMax: null,
      hasSharedSubscriptions: true,
      endsUnauthorised: false,
      // A connection corresponds to a channel of other protocols.
      channelCount: 1,
      priority: 4,
    };
    this.#registry = new SessionRegistry(new ActiveMqVhost(activeMqOf(broker), this.terms));
  }

  begun(): void {
    this.#registry.wills.begun();
  }

  attempt({ username = '', password = '' }: ConnectPacket, transport: Transport): LoginAttempt {
    const { peerAddress } = transport;
    return { username, password, peerAddress, protocol: 'MQTT', isGone: false };
  }

  check(attempt: LoginAttempt): Promise<User | undefined> {
    return this.broker.logins.check(attempt);
  }

  open(user: User): Opened {
    const { vhost } = this.#registry.dialect;
    return { access: this.broker.access(user, vhost.name), registry: this.#registry };
  }

  announce(): void {}

  inspector(): undefined {
    return undefined;
  }
}

/** The dialect of a broker of ActiveMQ's type. */
export function activeMqDialect(broker: Broker): Dialect {
  return new ActiveMqDialect(broker);
}
