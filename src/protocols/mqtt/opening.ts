// The opening of a connection: version, log-in and session.

import type { LoginAttempt } from '../../broker/logins/logins.ts';
import type { Access, User } from '../../broker/users.ts';
import type { Transport } from '../protocol.ts';
import { FieldReader } from './codec/fields.ts';
import { connackPacket, type Version } from './codec/packets.ts';
import { PropertyWriter, propertyIds } from './codec/properties.ts';
import type { Dialect } from './dialect.ts';
import { MqttError, type ReasonName, returnCodeOf, toMqttError } from './errors.ts';
import { receiveCountMax } from './limits.ts';
import {
  type ConnectPacket,
  checkAuthentication,
  readConnect,
  readVersion,
  UnsupportedVersion,
} from './packets/connect.ts';
import type { Session } from './sessions/session.ts';
import type { SessionClaimant, SessionRegistry } from './sessions/session-registry.ts';
import type { OwnedWill, Will } from './sessions/wills.ts';

/** Keep-alives above this are replaced by it for MQTT 5, in seconds. */
const keepAliveSecondsMax = 3600;

/** A session expiry that means for ever (3.1.2.11.2), in seconds. */
const foreverSeconds = 0xffff_ffff;

/** The result of the opening. */
export interface Agreement {
  readonly version: Version;
  readonly access: Access;
  readonly clientId: string;
  /** The sessions of the virtual host. */
  readonly registry: SessionRegistry;
  readonly session: Session;
  readonly will: Will | undefined;
  readonly keepAliveSeconds: number;
  /** Maximum number of messages in flight to the client. */
  readonly inFlightMax: number;
  /** Maximum size of a packet that the client accepts, in bytes. */
  readonly packetBytesMax: number;
  /** Maximum topic alias that the client accepts. */
  readonly aliasMax: number;
  /** Whether the client is told reasons as text. */
  readonly isTold: boolean;
}

/** The operations of the connection that are needed here. */
export interface OpeningHost {
  readonly service: Dialect;
  /** The log-in was successful; the session is still awaited. */
  loggedIn(): void;
  /** The session is there. CONNACK must be sent before anything else. */
  opened(agreement: Agreement, connack: Buffer): void;
  /** The log-in is refused: the answer is sent, and the connection ends. */
  refused(connack: Buffer | undefined): void;
  /** Another connection uses the session. */
  takenOver(): void;
  failed(thrown: unknown): void;
}

/** A successful log-in. */
interface Login {
  readonly user: User;
  readonly packet: ConnectPacket;
  readonly access: Access;
  readonly clientId: string;
  readonly registry: SessionRegistry;
}

/** Handles CONNECT. */
export class Opening implements SessionClaimant {
  readonly #host: OpeningHost;
  readonly #transport: Transport;
  /** The log-in that is being checked. */
  #attempt: LoginAttempt | undefined = undefined;
  #login: Login | undefined = undefined;
  /** The version of the client, for errors. */
  version: Version = 4;
  /** Seconds that the session outlives the connection; null for ever. */
  expirySeconds: number | null = 0;
  /** Maximum size of a packet that the client accepts, in bytes. */
  #packetBytesMax = Infinity;

  constructor(host: OpeningHost, transport: Transport) {
    this.#host = host;
    this.#transport = transport;
  }

  /** Handles a CONNECT packet. The answer is sent later. */
  connect(bytes: Buffer, at: number, end: number): void {
    try {
      this.#connect(bytes, at, end);
    } catch (thrown) {
      this.#refuse(thrown);
    }
  }

  #connect(bytes: Buffer, at: number, end: number): void {
    const fields = new FieldReader().open(bytes, at, end);
    this.version = readVersion(fields);
    const packet = readConnect(fields, this.version);
    this.#packetBytesMax = packet.properties.number(propertyIds.maximumPacketSize) ?? Infinity;
    checkAuthentication(packet);
    // [MQTT-3.1.3-8]; MQTT 5 permits it.
    if (packet.clientId === '' && this.version !== 5 && !packet.isClean) {
      const why = 'a client without a client id must begin a clean session';
      throw new MqttError('peer', 'invalidClientId', why);
    }
    this.#checkWill(packet);
    const { service } = this.#host;
    const attempt = service.attempt(packet, this.#transport);
    this.#attempt = attempt;
    this.#transport.checksLogin();
    service.check(attempt, this.#transport).then(
      (user) => this.#checked(attempt, user, packet),
      (thrown) => {
        if (!attempt.isGone) this.#refuse(thrown);
      },
    );
  }

  /** [MQTT-3.2.2-12]; before MQTT 5, it is lowered. */
  #checkWill({ version, will }: ConnectPacket): void {
    const { qosMax } = this.#host.service.terms;
    if (version !== 5 || will === undefined || will.qos <= qosMax) return;
    const why = `the quality of service of the will is ${will.qos}; at most ${qosMax} is allowed`;
    throw new MqttError('peer', 'qosNotSupported', why);
  }

  /** @param seconds that the session is to outlive its connection; null for ever */
  changeExpiry(seconds: number | null): void {
    const { sessionSecondsMax } = this.#host.service.terms;
    const longest = sessionSecondsMax ?? Infinity;
    const granted = Math.min(seconds ?? Infinity, longest);
    this.expirySeconds = granted === Infinity ? null : granted;
  }

  #checked(attempt: LoginAttempt, user: User | undefined, packet: ConnectPacket): void {
    if (attempt.isGone) return;
    try {
      if (user === undefined) {
        const why = `User name [${packet.username ?? null}] or password is invalid.`;
        throw new MqttError('peer', 'badUserOrPassword', why);
      }
      const { service } = this.#host;
      const assigned = `auto-${service.broker.randomName()}`;
      const clientId = packet.clientId === '' ? assigned : packet.clientId;
      const opened = service.open(user, packet, clientId);
      this.#transport.admit();
      this.changeExpiry(expiryOf(packet));
      this.#enter(attempt, { user, packet, clientId, ...opened });
    } catch (thrown) {
      this.#refuse(thrown);
    }
  }

  /** Claims the session of the client, if the user may have it. */
  #enter(attempt: LoginAttempt, login: Login): void {
    const { clientId, access, registry, packet } = login;
    let refusedBy: unknown;
    function* steps(): Generator<void> {
      try {
        yield* registry.requireOwn(clientId, access);
      } catch (thrown) {
        refusedBy = thrown;
      }
    }
    registry.dialect.broker.background.run(steps(), () => {
      if (attempt.isGone) return;
      this.#attempt = undefined;
      try {
        if (refusedBy !== undefined) throw refusedBy;
        registry.requireNotHeld(clientId, access);
        registry.dialect.requireSession(clientId, packet.isClean, access);
        this.#login = login;
        this.#host.loggedIn();
        registry.enter(clientId, this);
      } catch (thrown) {
        this.#refuse(thrown);
      }
    });
  }

  get user(): string {
    return this.#login?.access.user ?? '';
  }

  takenOver(): void {
    this.#host.takenOver();
  }

  entered(): void {
    const login = this.#login;
    if (login === undefined) return;
    try {
      // The user, its rights, the virtual host or the number of connections may have changed meanwhile.
      this.#host.service.open(login.user, login.packet, login.clientId);
      this.#open(login);
    } catch (thrown) {
      this.#refuse(thrown);
    }
  }

  #open({ packet, access, clientId, registry }: Login): void {
    const { terms } = this.#host.service;
    const { isClean, properties, will } = packet;
    const { version } = this;
    const isNew = version === 5;
    const isCut = isNew && packet.keepAliveSeconds > keepAliveSecondsMax;
    const keepAliveSeconds = isCut ? keepAliveSecondsMax : packet.keepAliveSeconds;
    const answer = isNew ? this.#answerTo(packet, clientId, isCut) : undefined;
    this.#requireSize(connackPacket(false, 0, answer).length);
    // The connection before this one may have created queues meanwhile.
    registry.dialect.requireSession(clientId, isClean, access);
    const request = { isClean, expirySeconds: this.expirySeconds, user: access.user };
    const { session, isPresent } = registry.begin(clientId, request);
    const receiveMax = properties.number(propertyIds.receiveMaximum) ?? Infinity;
    const agreement: Agreement = {
      version,
      access,
      clientId,
      registry,
      session,
      will,
      keepAliveSeconds,
      inFlightMax: Math.min(receiveMax, terms.inFlightCountMax),
      packetBytesMax: this.#packetBytesMax,
      aliasMax: Math.min(properties.number(propertyIds.topicAliasMaximum) ?? 0, terms.sendAliasMax),
      isTold: properties.number(propertyIds.requestProblemInformation) !== 0,
    };
    // MQTT 3.1 has no session present flag.
    const isShown = isPresent && version !== 3;
    if (will !== undefined) registry.wills.connected({ will, clientId, access });
    this.#host.opened(agreement, connackPacket(isShown, 0, answer));
  }

  /** The properties of CONNACK. */
  #answerTo(packet: ConnectPacket, clientId: string, isCut: boolean): PropertyWriter {
    const { service } = this.#host;
    const { packetBytesMax, receiveAliasMax } = service.terms;
    const answer = new PropertyWriter()
      .u16(propertyIds.receiveMaximum, receiveCountMax)
      .u32(propertyIds.maximumPacketSize, packetBytesMax)
      .text(propertyIds.assignedClientId, packet.clientId === '' ? clientId : undefined)
      .u16(propertyIds.topicAliasMaximum, receiveAliasMax)
      .u16(propertyIds.serverKeepAlive, isCut ? keepAliveSecondsMax : undefined);
    service.announce(answer, this.expirySeconds);
    return answer;
  }

  /** [MQTT-3.1.2-24] @throws {MqttError} `packetTooLarge` */
  #requireSize(connackBytes: number): void {
    if (connackBytes <= this.#packetBytesMax) return;
    const why = `CONNACK has ${connackBytes} bytes; the client accepts ${this.#packetBytesMax}`;
    throw new MqttError('peer', 'packetTooLarge', why);
  }

  /** The will of the client with its owner; undefined if it has none. */
  ownedWill(): OwnedWill | undefined {
    const login = this.#login;
    const will = login?.packet.will;
    if (login === undefined || will === undefined) return undefined;
    return { will, clientId: login.clientId, access: login.access };
  }

  #refuse(thrown: unknown): void {
    const error = refusal(thrown);
    if (error.code === 'internal') {
      this.#host.failed(thrown);
      return;
    }
    this.#host.refused(this.#connackOf(error));
  }

  /** Returns the answer; undefined if the peer is not an MQTT client, or accepts no packet so large. */
  #connackOf(error: MqttError): Buffer | undefined {
    const isNew = error instanceof UnsupportedVersion ? error.isNew : this.version === 5;
    if (isNew) {
      const properties = new PropertyWriter().text(propertyIds.reasonString, error.message);
      const told = connackPacket(false, error.reasonCode, properties);
      if (told.length <= this.#packetBytesMax) return told; // [MQTT-3.2.2-19]
      const untold = connackPacket(false, error.reasonCode, new PropertyWriter());
      return untold.length <= this.#packetBytesMax ? untold : undefined;
    }
    // MQTT 3.1.1 has no return code for these.
    const isUnanswered = error.reason === 'malformedPacket' || error.reason === 'protocolError';
    if (isUnanswered) return undefined;
    return connackPacket(false, returnCodeOf(error.reason), undefined);
  }

  /** Releases the client id after the connection has ended and its messages are requeued. */
  release(): void {
    const login = this.#login;
    this.#login = undefined;
    if (login !== undefined) login.registry.leave(login.clientId, this);
  }

  /** Cancels a log-in that is being checked, because the connection ends. */
  abandon(): void {
    if (this.#attempt !== undefined) this.#attempt.isGone = true;
  }
}

/** Seconds that the session outlives the connection; null for ever. */
function expiryOf({ version, isClean, properties }: ConnectPacket): number | null {
  if (version !== 5) return isClean ? 0 : null;
  return expirySeconds(properties.number(propertyIds.sessionExpiry) ?? 0);
}

/** Log-ins that are refused for lack of room may be repeated later. */
function refusal(thrown: unknown): MqttError {
  const error = toMqttError(thrown);
  if (error.reason !== 'quotaExceeded' || error === thrown) return error;
  const busy: ReasonName = 'serverBusy';
  return new MqttError(error.code, busy, error.message, { cause: error });
}

/** Reads a session expiry in seconds; null for ever. */
export function expirySeconds(seconds: number): number | null {
  return seconds === foreverSeconds ? null : seconds;
}
