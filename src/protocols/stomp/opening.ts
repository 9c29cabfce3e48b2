// The opening of a connection: version, log-in and heart-beats.

import type { ActiveMq } from '../../broker/activemq/activemq.ts';
import type { Client } from '../../broker/activemq/client-ids.ts';
import type { LoginAttempt } from '../../broker/logins/logins.ts';
import type { Access, User } from '../../broker/users.ts';
import type { Transport } from '../protocol.ts';
import type { Frame } from './codec/frames.ts';
import type { Version } from './codec/header-text.ts';
import { frameBytes, type OutHeaders } from './codec/out-frames.ts';
import { refusal, StompError } from './errors.ts';
import { heartBeatMsMin, idLengthMax } from './limits.ts';

const versions: readonly Version[] = ['1.2', '1.1', '1.0'];

/** Maximum heart-beat interval in milliseconds, the limit of timers. */
const heartBeatMsMax = 2 ** 31 - 1;

/** The result of the negotiation. */
export interface Agreement {
  readonly version: Version;
  /** In milliseconds; 0 for none. */
  readonly sendMs: number;
  readonly expectMs: number;
  readonly clientId: string;
  readonly hasClientId: boolean;
  readonly access: Access;
}

/** The operations of the connection that are needed here. */
export interface OpeningHost extends Client {
  readonly dialect: ActiveMq;
  readonly connectionId: string;
  /** The client has logged in. The frame is the answer. */
  opened(agreement: Agreement, connected: Buffer): void;
  /** Ends the connection with an error that is sent to the peer. */
  failed(thrown: unknown): void;
}

/** Handles CONNECT: version, heart-beats, log-in, client id. */
export class Opening {
  readonly #host: OpeningHost;
  readonly #transport: Transport;
  /** The log-in that is being checked. */
  #attempt: LoginAttempt | undefined = undefined;
  #clientId: string | undefined = undefined;
  /** The version of the frame that is being answered, also for ERROR frames. */
  version: Version = '1.0';

  constructor(host: OpeningHost, transport: Transport) {
    this.#host = host;
    this.#transport = transport;
  }

  /**
   * Handles a CONNECT frame. The answer is sent later.
   *
   * @throws {StompError} `refused`
   */
  connect({ headers }: Frame): void {
    this.version = chooseVersion(headers.get('accept-version'));
    const beats = readHeartBeats(headers.get('heart-beat'));
    const clientId = readClientId(headers.get('client-id'));
    const username = headers.get('login');
    const { peerAddress } = this.#transport;
    const password = headers.get('passcode') ?? '';
    const login = { username: username ?? '', password, peerAddress };
    this.#attempt = { ...login, protocol: 'STOMP', isGone: false };
    this.#transport.checksLogin();
    const { logins } = this.#host.dialect.broker;
    logins.check(this.#attempt).then(
      (user) => this.#checked(user, username, clientId, beats, headers),
      (thrown) => this.#host.failed(refusal(thrown)),
    );
  }

  #checked(
    user: User | undefined,
    username: string | undefined,
    clientId: string | undefined,
    beats: HeartBeatOffer,
    headers: ReadonlyMap<string, string>,
  ): void {
    if (this.#attempt?.isGone !== false) return;
    this.#attempt = undefined;
    try {
      if (user === undefined) {
        const who = `User name [${username ?? null}] or password is invalid.`;
        throw new StompError('refused', who, 'security');
      }
      this.#open(user, clientId, beats, headers);
    } catch (thrown) {
      this.#host.failed(refusal(thrown));
    }
  }

  #open(
    user: User,
    given: string | undefined,
    { sendMs, expectMs }: HeartBeatOffer,
    headers: ReadonlyMap<string, string>,
  ): void {
    const { dialect, connectionId } = this.#host;
    const access = dialect.broker.access(user, dialect.vhost.name);
    const clientId = given ?? connectionId;
    dialect.clientIds.take(clientId, this.#host);
    this.#clientId = clientId;
    this.#transport.admit();
    const { version } = this;
    const echoed = headers.get('request-id') ?? headers.get('receipt');
    const answer: OutHeaders = [
      ['server', `ActiveMQ/${dialect.broker.engineVersion}`],
      ['heart-beat', version === '1.0' ? '0,0' : `${sendMs},${expectMs}`],
      ['session', oneLine(clientId)],
      ['response-id', echoed && oneLine(echoed)],
      ['receipt-id', echoed && oneLine(echoed)],
      ['version', version],
    ];
    const isBeating = version !== '1.0';
    this.#host.opened(
      {
        version,
        sendMs: isBeating ? sendMs : 0,
        expectMs: isBeating ? expectMs : 0,
        clientId,
        hasClientId: given !== undefined,
        access,
      },
      frameBytes('CONNECTED', answer, '', version),
    );
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

/** CONNECTED is not escaped. */
function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]/g, ' ');
}

/** Returns the highest version that both sides support; 1.0 if the client names none. */
function chooseVersion(accepted: string | undefined): Version {
  if (accepted === undefined) return '1.0';
  const offered = accepted.split(',', 16).map((text) => text.trim());
  const found = versions.find((version) => offered.includes(version));
  if (found !== undefined) return found;
  const supported = `supported versions are: [${versions.join(', ')}]`;
  throw new StompError('refused', `Invalid Protocol version[${accepted}], ${supported}`);
}

interface HeartBeatOffer {
  readonly sendMs: number;
  readonly expectMs: number;
}

/** Parses the client's heart-beat header, and returns it from this side's view. */
function readHeartBeats(text: string | undefined): HeartBeatOffer {
  if (text === undefined) return { sendMs: 0, expectMs: 0 };
  const match = /^\s*(\d{1,12})\s*,\s*(\d{1,12})\s*$/.exec(text);
  if (match === null) throw new StompError('refused', `Invalid heart-beat header:${text}`);
  const [expectMs = 0, sendMs = 0] = match.slice(1).map((digits) => {
    const ms = Math.min(Number(digits), heartBeatMsMax);
    return ms === 0 ? 0 : Math.max(ms, heartBeatMsMin);
  });
  return { sendMs, expectMs };
}

function readClientId(text: string | undefined): string | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  if (text.length <= idLengthMax) return text;
  const found = `A client id of ${text.length} characters`;
  throw new StompError('refused', `${found} is longer than the maximum of ${idLengthMax}`);
}
