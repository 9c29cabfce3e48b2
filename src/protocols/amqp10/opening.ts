// The opening of a connection: SASL, log-in, and the open frames.

import type { Broker } from '../../broker/broker.ts';
import type { LoginAttempt } from '../../broker/logins/logins.ts';
import type { Access, User } from '../../broker/users.ts';
import type { Vhost } from '../../broker/vhost.ts';
import type { Transport } from '../protocol.ts';
import { type Entry, symbolItem } from './codec/items.ts';
import { compositeCodes, type Open, type SaslInit } from './codec/performatives.gen.ts';
import type { ConnectionDialect, Dialect } from './dialect.ts';
import { AmqpError } from './errors.ts';
import { frameBytesMax } from './limits.ts';
import { readCredentials, saslCodes } from './sasl.ts';

/** The result of the opening. */
export interface Agreement {
  readonly access: Access;
  readonly vhost: Vhost;
  /** The container id of the peer. */
  readonly clientId: string;
  /** Maximum size of a frame that the peer accepts, in bytes. */
  readonly frameBytesMax: number;
  /** In milliseconds; 0 for none. */
  readonly peerTimeoutMs: number;
}

/** The operations of the connection that are needed here. */
export interface OpeningHost {
  readonly broker: Broker;
  readonly dialect: ConnectionDialect;
  /** The log-in has been checked: a code of {@link saslCodes}. */
  checked(code: number): void;
  /** Ends the connection with an error that is sent to the peer. */
  failed(thrown: unknown): void;
}

/** Handles the log-in and the open of the peer. */
export class Opening {
  readonly #host: OpeningHost;
  readonly #limits: Pick<Dialect, 'idleTimeoutMs' | 'channelMax'>;
  readonly #transport: Transport;
  /** The log-in that is being checked. */
  #attempt: LoginAttempt | undefined = undefined;
  #user: User | undefined = undefined;

  constructor(
    host: OpeningHost,
    limits: Pick<Dialect, 'idleTimeoutMs' | 'channelMax'>,
    transport: Transport,
  ) {
    this.#host = host;
    this.#limits = limits;
    this.#transport = transport;
  }

  /** Handles a log-in. The answer is given later, by `checked`. */
  logIn(init: SaslInit): void {
    const { logins } = this.#host.broker;
    const credentials = readCredentials(init, logins.mechanisms);
    if (typeof credentials === 'number') {
      this.#host.checked(credentials);
      return;
    }
    const { peerAddress, peerCertificate } = this.#transport;
    const isProven = credentials === 'certificate';
    const stated = isProven ? { username: '', password: '' } : credentials;
    const attempt = { ...stated, peerAddress, protocol: 'AMQP 1.0', isGone: false };
    this.#attempt = attempt;
    this.#transport.checksLogin();
    const checked = isProven
      ? logins.checkCertificate(peerCertificate, attempt)
      : logins.check(attempt);
    checked.then(
      (user) => this.#checked(user, init.mechanism),
      (thrown) => this.#host.failed(thrown),
    );
  }

  #checked(user: User | undefined, mechanism: string): void {
    if (this.#attempt?.isGone !== false) return;
    this.#attempt = undefined;
    this.#user = user;
    if (user !== undefined) {
      this.#transport.admit();
      this.#host.dialect.loggedIn(mechanism);
    }
    this.#host.checked(user === undefined ? saslCodes.auth : saslCodes.ok);
  }

  /**
   * Handles the open of the peer.
   *
   * @throws {AmqpError} `unauthorized-access` if the user has no access, and those of the dialect
   */
  open(open: Open): Agreement {
    const user = this.#user;
    if (user === undefined) throw new AmqpError('unauthorized-access', 'there was no log-in');
    const { access, vhost } = this.#host.dialect.open(user, open);
    return {
      access,
      vhost,
      clientId: open.containerId,
      frameBytesMax: Math.min(open.maxFrameSize ?? frameBytesMax, frameBytesMax),
      peerTimeoutMs: open.idleTimeOut ?? 0,
    };
  }

  /** The open of the broker. */
  answer(isFailed: boolean): Open {
    const { properties = [], ...answer } = this.#host.dialect.answer();
    const failure: Entry = [
      symbolItem('amqp:connection-establishment-failed'),
      { type: 'boolean', value: true },
    ];
    const { idleTimeoutMs, channelMax } = this.#limits;
    return {
      code: compositeCodes.open,
      maxFrameSize: frameBytesMax,
      channelMax,
      idleTimeOut: idleTimeoutMs,
      ...answer,
      properties: isFailed ? [failure, ...properties] : properties,
    };
  }

  /** Cancels a log-in that is being checked, because the connection ends. */
  abandon(): void {
    if (this.#attempt !== undefined) this.#attempt.isGone = true;
  }
}
