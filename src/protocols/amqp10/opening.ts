// The opening of a connection: SASL, log-in, and the open frames.

import type { ActiveMq } from '../../broker/activemq/activemq.ts';
import type { Client } from '../../broker/activemq/client-ids.ts';
import { BrokerError } from '../../broker/errors.ts';
import type { LoginAttempt } from '../../broker/logins/logins.ts';
import type { Access, User } from '../../broker/users.ts';
import type { Transport } from '../protocol.ts';
import { connectionProperties, offeredCapabilities } from './activemq.ts';
import { type Entry, symbolItem } from './codec/items.ts';
import { compositeCodes, type Open, type SaslInit } from './codec/performatives.gen.ts';
import { AmqpError } from './errors.ts';
import {
  channelMax,
  frameBytesMax,
  idleTimeoutMs,
  nameLengthMax,
  peerFrameBytesMin,
  peerIdleTimeoutMsMin,
} from './limits.ts';
import { readCredentials, saslCodes } from './sasl.ts';

/** The result of the opening. */
export interface Agreement {
  readonly access: Access;
  /** The container id of the peer. */
  readonly clientId: string;
  /** Maximum size of a frame that the peer accepts, in bytes. */
  readonly frameBytesMax: number;
  /** In milliseconds; 0 for none. */
  readonly peerTimeoutMs: number;
}

/** The operations of the connection that are needed here. */
export interface OpeningHost extends Client {
  readonly dialect: ActiveMq;
  /** The log-in has been checked: a code of {@link saslCodes}. */
  checked(code: number): void;
  /** Ends the connection with an error that is sent to the peer. */
  failed(thrown: unknown): void;
}

/** Handles the log-in and the open of the peer. */
export class Opening {
  readonly #host: OpeningHost;
  readonly #transport: Transport;
  /** The log-in that is being checked. */
  #attempt: LoginAttempt | undefined = undefined;
  #user: User | undefined = undefined;
  #clientId: string | undefined = undefined;

  constructor(host: OpeningHost, transport: Transport) {
    this.#host = host;
    this.#transport = transport;
  }

  /** Handles a log-in. The answer is given later, by `checked`. */
  logIn(init: SaslInit): void {
    const credentials = readCredentials(init);
    if (typeof credentials === 'number') {
      this.#host.checked(credentials);
      return;
    }
    const { peerAddress } = this.#transport;
    this.#attempt = { ...credentials, peerAddress, protocol: 'AMQP 1.0', isGone: false };
    this.#transport.checksLogin();
    this.#host.dialect.broker.logins.check(this.#attempt).then(
      (user) => this.#checked(user),
      (thrown) => this.#host.failed(thrown),
    );
  }

  #checked(user: User | undefined): void {
    if (this.#attempt?.isGone !== false) return;
    this.#attempt = undefined;
    this.#user = user;
    if (user !== undefined) this.#transport.admit();
    this.#host.checked(user === undefined ? saslCodes.auth : saslCodes.ok);
  }

  /**
   * Handles the open of the peer.
   *
   * @throws {AmqpError} `invalid-field`, or `unauthorized-access` if the user has no access
   */
  open({ containerId, maxFrameSize, idleTimeOut = 0 }: Open): Agreement {
    const { dialect } = this.#host;
    const user = this.#user;
    if (user === undefined) throw new AmqpError('unauthorized-access', 'there was no log-in');
    const access = dialect.broker.access(user, dialect.vhost.name);
    const sizeMax = Math.min(maxFrameSize ?? frameBytesMax, frameBytesMax);
    if (sizeMax < peerFrameBytesMin) {
      throw new AmqpError(
        'invalid-field',
        `a max-frame-size of ${sizeMax} bytes is smaller than ${peerFrameBytesMin}`,
      );
    }
    if (idleTimeOut > 0 && idleTimeOut < peerIdleTimeoutMsMin) {
      const found = `an idle-time-out of ${idleTimeOut} ms`;
      throw new AmqpError('invalid-field', `${found} is shorter than ${peerIdleTimeoutMsMin}`);
    }
    this.#takeClientId(containerId);
    return {
      access,
      clientId: containerId,
      frameBytesMax: sizeMax,
      peerTimeoutMs: idleTimeOut,
    };
  }

  #takeClientId(containerId: string): void {
    const info: Entry[] = [[symbolItem('invalid-field'), symbolItem('container-id')]];
    if (containerId === '' || containerId.length > nameLengthMax) {
      const found = `a container-id of ${containerId.length} characters`;
      const allowed = `1 to ${nameLengthMax} are allowed`;
      throw new AmqpError('invalid-field', `${found}; ${allowed}`, { info });
    }
    try {
      this.#host.dialect.clientIds.take(containerId, this.#host);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      throw new AmqpError('invalid-field', error.message, { info, cause: error });
    }
    this.#clientId = containerId;
  }

  /** The open of the broker. */
  answer(isFailed: boolean): Open {
    const { broker } = this.#host.dialect;
    const properties = connectionProperties(broker.engineVersion);
    const failure: Entry = [
      symbolItem('amqp:connection-establishment-failed'),
      { type: 'boolean', value: true },
    ];
    return {
      code: compositeCodes.open,
      containerId: broker.brokerName,
      maxFrameSize: frameBytesMax,
      channelMax,
      idleTimeOut: idleTimeoutMs,
      offeredCapabilities: offeredCapabilities(this.#host.dialect),
      properties: isFailed ? [failure, ...properties] : properties,
    };
  }

  /** Releases the client id after the connection has ended and its messages are requeued. */
  release(): void {
    if (this.#clientId === undefined) return;
    this.#host.dialect.clientIds.release(this.#clientId, this.#host);
    this.#clientId = undefined;
  }

  /** Cancels a log-in that is being checked, because the connection ends. */
  abandon(): void {
    if (this.#attempt !== undefined) this.#attempt.isGone = true;
  }
}
