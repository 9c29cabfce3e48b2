// The opening of a connection.

import { assert } from '../../../base/assert.ts';
import { decodeText } from '../../../base/byte-text.ts';
import type { Broker } from '../../../broker/broker.ts';
import type { LoginAttempt } from '../../../broker/logins/logins.ts';
import { Undecided } from '../../../broker/logins/undecided.ts';
import type { Access, User } from '../../../broker/users.ts';
import type { Vhost } from '../../../broker/vhost.ts';
import type { Transport } from '../../protocol.ts';
import {
  type ConnectionStartOk,
  type ConnectionTuneOk,
  type ConnectionUpdateSecret,
  type Method,
  methodIds,
} from '../codec/methods.gen.ts';
import { AmqpError, toAmqpError } from '../errors.ts';
import * as handshake from '../handshake.ts';
import type { ConnectionFacts } from '../inspection/connection-facts.ts';
import type { Outbox } from '../outbox.ts';
import type { ConnectionState } from '../states.ts';

const nothing = Buffer.alloc(0);

/** The interface to the connection. */
export interface OpeningHost {
  readonly broker: Broker;
  readonly state: ConnectionState;
  readonly facts: ConnectionFacts;
  readonly outbox: Outbox;
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
  #header: Buffer = nothing;
  /** The log-in that is being checked. */
  #attempt: LoginAttempt | undefined = undefined;
  #user: User | undefined = undefined;
  #toldWhenRefused = false;
  /** Whether a new secret is being checked. */
  #isRenewing = false;
  /** Whether an authorisation service is deciding whether the user may access the virtual host. */
  #isOpening = false;

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
    const all = this.#header.length === 0 ? bytes : Buffer.concat([this.#header, bytes]);
    const { protocolHeader } = handshake;
    const header = handshake.acceptedHeader(all);
    if (header === undefined) return undefined;
    if (all.length < protocolHeader.length) {
      this.#header = Buffer.from(all); // a copy: the received piece can be a part of much memory
      return nothing;
    }
    this.#header = nothing;
    this.#host.state.enter('awaiting-start-ok');
    const { engineVersion, logins } = this.#host.broker;
    const payload = handshake.encodedStart(header, engineVersion, logins.mechanisms);
    this.#host.outbox.encodedMethod(0, payload);
    return all.subarray(protocolHeader.length);
  }

  /** Handles a method on channel 0, in the order of opening. A new secret may follow at any time. */
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
    } else if (
      method.id === methodIds.connectionOpen &&
      name === 'awaiting-open' &&
      !this.#isOpening
    )
      this.#open(method.virtualHost);
    else if (method.id === methodIds.connectionUpdateSecret && name === 'open')
      this.#updateSecret(method);
    else state.refuse();
  }

  #startOk(method: ConnectionStartOk): void {
    const { clientProperties, mechanism } = method;
    const { internalUser } = this.#transport;
    // Read first, so that malformed credentials change nothing.
    const credentials = internalUser ? undefined : this.#credentials(method);
    this.#host.facts.started(method);
    this.notifiesCancel = handshake.hasCapability(clientProperties, 'consumer_cancel_notify');
    this.toldWhenBlocked = handshake.hasCapability(clientProperties, 'connection.blocked');
    this.#toldWhenRefused = handshake.hasCapability(
      clientProperties,
      'authentication_failure_close',
    );
    this.#host.state.enter('checking-password');
    if (internalUser !== undefined) {
      this.#authenticated(internalUser, mechanism);
      return;
    }
    this.#transport.checksLogin();
    this.#check(credentials).then(
      (user) => this.#authenticated(user, mechanism),
      (thrown) => this.#host.failed(toAmqpError(thrown)),
    );
  }

  #check(credentials: handshake.Credentials | undefined): Promise<User | undefined> {
    const { peerAddress } = this.#transport;
    const { logins } = this.#host.broker;
    const protocol = 'AMQP 0-9-1';
    if (credentials === undefined) {
      const origin = { peerAddress, protocol, isGone: false };
      return logins.checkCertificate(this.#transport.peerCertificate, origin);
    }
    const { username, password } = credentials;
    this.#attempt = { username, password, peerAddress, protocol, isGone: false };
    return logins.check(this.#attempt);
  }

  #credentials(method: ConnectionStartOk): handshake.Credentials | undefined {
    try {
      return handshake.readCredentials(method, this.#host.broker.logins.mechanisms);
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
    const { heartbeatSeconds: heartbeat } = this.#host.broker.limits;
    this.#host.send({ id: methodIds.connectionTune, ...handshake.offer, heartbeat });
  }

  #open(name: string): void {
    assert(this.#user !== undefined, 'a virtual host is opened after the log-in');
    const { broker } = this.#host;
    try {
      this.access = broker.access(this.#user, name, true);
    } catch (thrown) {
      if (!(thrown instanceof Undecided)) throw thrown;
      this.#isOpening = true;
      thrown.decided.then(() => this.#openLater(name));
      return;
    }
    this.vhost = broker.vhost(name);
    this.#host.facts.connectedAtMs = broker.nowMs();
    this.#host.opened();
    this.#host.state.enter('open');
    this.#host.send({ id: methodIds.connectionOpenOk });
  }

  /** Another service has decided about the virtual host. */
  #openLater(name: string): void {
    this.#isOpening = false;
    if (this.#host.state.name !== 'awaiting-open') return;
    try {
      this.#open(name);
    } catch (thrown) {
      this.#host.failed(thrown);
    }
    this.#transport.requestFlush();
  }

  /**
   * Checks a new secret. Other frames do not wait for it: until it has been accepted, the rights of the
   * former one apply.
   */
  #updateSecret({ newSecret }: ConnectionUpdateSecret): void {
    assert(this.access !== undefined, 'a secret is renewed in an open virtual host');
    if (this.#isRenewing) {
      throw new AmqpError('not-allowed', 'the former connection.update-secret is not answered yet');
    }
    this.#isRenewing = true;
    const secret = decodeText(newSecret, 0, newSecret.length);
    const { peerAddress } = this.#transport;
    const origin = { peerAddress, protocol: 'AMQP 0-9-1' };
    this.#host.broker.logins.renew(this.access, secret, origin).then(
      () => {
        this.#isRenewing = false;
        if (this.#host.state.name !== 'open') return;
        this.#host.send({ id: methodIds.connectionUpdateSecretOk });
        this.#transport.requestFlush();
      },
      (thrown) => this.#host.failed(toAmqpError(thrown)),
    );
  }

  /** The connection ends: a pending log-in need not be checked. */
  abandon(): void {
    if (this.#attempt !== undefined) this.#attempt.isGone = true;
  }
}
