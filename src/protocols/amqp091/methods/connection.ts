// The opening of a connection.

import { assert } from '../../../base/assert.ts';
import type { Broker } from '../../../broker/broker.ts';
import type { LoginAttempt } from '../../../broker/logins/logins.ts';
import type { Access, User } from '../../../broker/users.ts';
import type { Vhost } from '../../../broker/vhost.ts';
import type { Transport } from '../../protocol.ts';
import {
  type ConnectionStartOk,
  type ConnectionTuneOk,
  type Method,
  methodIds,
} from '../codec/methods.gen.ts';
import { toAmqpError } from '../errors.ts';
import * as handshake from '../handshake.ts';
import type { ConnectionFacts } from '../inspection/connection-facts.ts';
import type { ConnectionState } from '../states.ts';

/** The interface to the connection. */
export interface OpeningHost {
  readonly broker: Broker;
  readonly state: ConnectionState;
  readonly facts: ConnectionFacts;
  /** Sends a method on channel 0. */
  send(method: Method): void;
  /** The client has selected its limits. */
  tuned(method: ConnectionTuneOk): void;
  /** A virtual host is open. */
  opened(): void;
  /** Closes the connection with an error. */
  failed(thrown: unknown): void;
  /** Ends the connection without a message. */
  end(): void;
}

/** The opening of a connection: protocol header, log-in, limits, virtual host. */
export class Opening {
  /** Capabilities of the client: `basic.cancel` from the server ... */
  notifiesCancel = false;
  /** ... and `connection.blocked`. */
  toldWhenBlocked = false;
  vhost: Vhost | undefined = undefined;
  access: Access | undefined = undefined;
  readonly #host: OpeningHost;
  readonly #transport: Transport;
  #header: Buffer = Buffer.alloc(0);
  /** The log-in that is being checked. */
  #attempt: LoginAttempt | undefined = undefined;
  #user: User | undefined = undefined;
  #toldWhenRefused = false;

  constructor(host: OpeningHost, transport: Transport) {
    this.#host = host;
    this.#transport = transport;
  }

  /** Whether the password was correct. */
  get isLoggedIn(): boolean {
    return this.#user !== undefined;
  }

  /**
   * Reads the protocol header, which may be incomplete.
   *
   * @returns the data after it, empty while it is incomplete; undefined if it is not accepted
   */
  readHeader(bytes: Buffer): Buffer | undefined {
    const all = Buffer.concat([this.#header, bytes]);
    const { protocolHeader } = handshake;
    const header = handshake.acceptedHeader(all);
    if (header === undefined) return undefined;
    this.#header = all;
    if (all.length < protocolHeader.length) return Buffer.alloc(0);
    this.#header = Buffer.alloc(0);
    this.#host.state.enter('awaiting-start-ok');
    this.#host.send(handshake.start(header, this.#host.broker.engineVersion));
    return all.subarray(protocolHeader.length);
  }

  /** Handles a method on channel 0, in the order of opening. */
  method(method: Method): void {
    const { state } = this.#host;
    const { name } = state;
    if (method.id === methodIds.connectionStartOk && name === 'awaiting-start-ok')
      this.#startOk(method);
    else if (method.id === methodIds.connectionTuneOk && name === 'awaiting-tune-ok') {
      handshake.checkTune(method);
      this.#host.facts.tuned(method);
      this.#host.tuned(method);
      state.enter('awaiting-open');
    } else if (method.id === methodIds.connectionOpen && name === 'awaiting-open')
      this.#open(method.virtualHost);
    else state.refuse();
  }

  #startOk(method: ConnectionStartOk): void {
    const { clientProperties, mechanism } = method;
    const { internalUser } = this.#transport;
    // Read first, so that malformed credentials change nothing.
    const credentials = internalUser === undefined ? this.#credentials(method) : undefined;
    this.#host.facts.started(method);
    this.notifiesCancel = handshake.hasCapability(clientProperties, 'consumer_cancel_notify');
    this.toldWhenBlocked = handshake.hasCapability(clientProperties, 'connection.blocked');
    this.#toldWhenRefused = handshake.hasCapability(
      clientProperties,
      'authentication_failure_close',
    );
    this.#host.state.enter('checking-password');
    if (credentials === undefined) {
      this.#authenticated(internalUser, mechanism);
      return;
    }
    const { username, password } = credentials;
    this.#transport.checksLogin();
    const { peerAddress } = this.#transport;
    this.#attempt = { username, password, peerAddress, protocol: 'AMQP 0-9-1', isGone: false };
    this.#host.broker.logins.check(this.#attempt).then(
      (user) => this.#authenticated(user, mechanism),
      (thrown) => this.#host.failed(toAmqpError(thrown)),
    );
  }

  #credentials(method: ConnectionStartOk): handshake.Credentials {
    try {
      return handshake.readCredentials(method);
    } catch (thrown) {
      const { peerAddress } = this.#transport;
      this.#host.broker.logins.failed({ user: undefined, peerAddress, reason: 'malformed' });
      throw thrown;
    }
  }

  #authenticated(user: User | undefined, mechanism: string): void {
    const { state } = this.#host;
    this.#attempt = undefined;
    if (state.name !== 'checking-password') return;
    if (user === undefined) {
      if (this.#toldWhenRefused) this.#host.failed(handshake.loginRefused(mechanism));
      else this.#host.end();
      return;
    }
    this.#user = user;
    this.#transport.admit();
    state.enter('awaiting-tune-ok');
    this.#host.send({ id: methodIds.connectionTune, ...handshake.offer });
  }

  #open(name: string): void {
    assert(this.#user !== undefined, 'a virtual host is opened after the log-in');
    const { broker } = this.#host;
    this.access = broker.access(this.#user, name);
    this.vhost = broker.vhost(name);
    this.#host.facts.connectedAtMs = broker.nowMs();
    this.#host.opened();
    this.#host.state.enter('open');
    this.#host.send({ id: methodIds.connectionOpenOk });
  }

  /** The connection ends: a pending log-in need not be checked. */
  abandon(): void {
    if (this.#attempt !== undefined) this.#attempt.isGone = true;
  }
}
