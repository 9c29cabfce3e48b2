// The opening of a connection: the log-in.

import type { Broker } from '../../broker/broker.ts';
import type { LoginAttempt } from '../../broker/logins/logins.ts';
import { decisionCountMax, Undecided } from '../../broker/logins/undecided.ts';
import type { User } from '../../broker/users.ts';
import type { Transport } from '../protocol.ts';
import type { Frame } from './codec/frames.ts';
import type { Agreement, ConnectionDialect } from './dialect.ts';

/** Maximum heart-beat interval in milliseconds, the limit of timers. */
const heartBeatMsMax = 2 ** 31 - 1;

/** The operations of the connection that are needed here. */
export interface OpeningHost {
  readonly broker: Broker;
  readonly dialect: ConnectionDialect;
  /** The client has logged in. */
  opened(agreement: Agreement): void;
  /** Ends the connection with an error that is sent to the peer. */
  failed(thrown: unknown): void;
}

/** Handles CONNECT. */
export class Opening {
  readonly #host: OpeningHost;
  readonly #transport: Transport;
  /** The log-in that is being checked. */
  #attempt: LoginAttempt | undefined = undefined;

  constructor(host: OpeningHost, transport: Transport) {
    this.#host = host;
    this.#transport = transport;
  }

  /**
   * Handles a CONNECT frame. The answer is sent later.
   *
   * @throws {StompError} `refused`
   */
  connect(frame: Frame): void {
    const { broker, dialect } = this.#host;
    const { username, password, usesCertificate } = dialect.login(frame);
    const { peerAddress, peerCertificate } = this.#transport;
    const attempt = { username, password, peerAddress, protocol: 'STOMP', isGone: false };
    this.#attempt = attempt;
    this.#transport.checksLogin();
    const { logins } = broker;
    const checked =
      usesCertificate === true
        ? logins.checkCertificate(peerCertificate, attempt)
        : logins.check(attempt);
    checked.then(
      (user) => this.#checked(user),
      (thrown) => this.#host.failed(dialect.refused(thrown)),
    );
  }

  #checked(user: User | undefined, decisionCount = 0): void {
    if (this.#attempt?.isGone !== false) return;
    const { dialect } = this.#host;
    try {
      if (user === undefined) throw dialect.refused();
      const agreement = dialect.open(user);
      this.#attempt = undefined;
      this.#transport.admit();
      this.#host.opened(agreement);
    } catch (thrown) {
      if (thrown instanceof Undecided && decisionCount < decisionCountMax) {
        void thrown.decided.then(() => this.#checked(user, decisionCount + 1));
        return;
      }
      this.#attempt = undefined;
      this.#host.failed(dialect.refused(thrown));
    }
  }

  /** Cancels a log-in that is being checked, because the connection ends. */
  abandon(): void {
    if (this.#attempt !== undefined) this.#attempt.isGone = true;
  }
}

/** The heart-beats of a client: what it sends, and what it wants to receive, in milliseconds. */
export interface HeartBeatHeader {
  readonly sendsMs: number;
  readonly wantsMs: number;
}

/** Parses a `heart-beat` header; undefined if it is malformed. */
export function readHeartBeat(text: string | undefined): HeartBeatHeader | undefined {
  if (text === undefined) return { sendsMs: 0, wantsMs: 0 };
  const match = /^\s*(\d{1,12})\s*,\s*(\d{1,12})\s*$/.exec(text);
  if (match === null) return undefined;
  const [sendsMs = 0, wantsMs = 0] = match
    .slice(1)
    .map((digits) => Math.min(Number(digits), heartBeatMsMax));
  return { sendsMs, wantsMs };
}
