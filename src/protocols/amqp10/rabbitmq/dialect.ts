// The dialect of brokers of RabbitMQ's type.

import type { Broker } from '../../../broker/broker.ts';
import type { ConnectionInspector } from '../../../broker/client-connection.ts';
import { BrokerError } from '../../../broker/errors.ts';
import { Undecided } from '../../../broker/logins/undecided.ts';
import type { JsonObject } from '../../../broker/rabbitmq/model.ts';
import type { Access, User } from '../../../broker/users.ts';
import type { Vhost } from '../../../broker/vhost.ts';
import type { Transport } from '../../protocol.ts';
import { stringItem, symbolItem } from '../codec/items.ts';
import type { Attach, Open } from '../codec/performatives.gen.ts';
import type { Attached, ConnectionDialect, Dialect, Opened } from '../dialect.ts';
import { AmqpError } from '../errors.ts';
import type { AmqpHost } from '../host.ts';
import {
  channelMax,
  messageBytesMax,
  nameLengthMax,
  peerFrameBytesMin,
  peerIdleTimeoutMsMin,
} from '../limits.ts';
import type { MessageRules } from '../messages/message-rules.ts';
import type { Session } from '../session.ts';
import { attachTerminus } from './attaching.ts';
import { Inspector, shownProperties } from './inspector.ts';
import { ManagementPairs } from './management/pairs.ts';
import { rabbitMqRules } from './message-rules.ts';

/** The announced idle timeout: half of RabbitMQ's heartbeat, in milliseconds. */
const idleTimeoutMs = 30_000;

/** The virtual host of clients that do not name one. */
const defaultVhost = '/';

/** The beginning of a host name in an open that names a virtual host. */
const vhostPrefix = 'vhost:';

/** What all connections of a broker share. */
export interface RabbitMqCore {
  readonly broker: Broker;
  readonly rules: MessageRules;
  /** Whether addresses of version 1 are permitted. */
  readonly permitsVersion1: boolean;
}

/** The dialect of one connection to a broker of RabbitMQ's type. */
export class RabbitMqConnection implements ConnectionDialect {
  readonly core: RabbitMqCore;
  readonly host: AmqpHost;
  /** The links of clients that manage the topology. */
  readonly pairs = new ManagementPairs();
  readonly inspector: ConnectionInspector;
  /** Number of dynamic nodes. */
  dynamicCount = 0;
  /** The name of a queue that is created while a permission for it is asked about. */
  freeName: string | undefined = undefined;
  /** `PLAIN` */
  mechanism = '';
  /** Milliseconds since 1970; 0 until the connection is open. */
  connectedAtMs = 0;
  /** Maximum size of a frame that the peer accepts, in bytes. */
  frameBytesMax = 0;
  clientProperties: JsonObject = {};

  constructor(core: RabbitMqCore, host: AmqpHost, transport: Transport) {
    this.core = core;
    this.host = host;
    this.inspector = new Inspector(this, transport);
  }

  get access(): Access {
    return this.host.access;
  }

  get vhost(): Vhost {
    return this.host.vhost;
  }

  /** Maximum size of a message, in bytes. */
  get bytesMax(): number {
    return Math.min(messageBytesMax, this.core.broker.limits.bodyBytesMax);
  }

  loggedIn(mechanism: string): void {
    this.mechanism = mechanism;
  }

  open(user: User, open: Open): Opened {
    const { hostname = '', containerId, maxFrameSize, idleTimeOut = 0, properties = [] } = open;
    const { broker } = this.core;
    if (containerId.length > nameLengthMax) {
      const found = `a container-id of ${containerId.length} characters`;
      throw new AmqpError('invalid-field', `${found}; at most ${nameLengthMax} are allowed`);
    }
    const name = hostname.startsWith(vhostPrefix)
      ? hostname.slice(vhostPrefix.length)
      : defaultVhost;
    const access = accessOf(broker, user, name);
    if (maxFrameSize !== undefined && maxFrameSize < peerFrameBytesMin) {
      const found = `max_frame_size (${maxFrameSize})`;
      const allowed = `minimum maximum frame size (${peerFrameBytesMin})`;
      throw new AmqpError('frame-size-too-small', `${found} < ${allowed}`);
    }
    if (idleTimeOut > 0 && idleTimeOut < peerIdleTimeoutMsMin) {
      const found = `idle-time-out (${idleTimeOut} ms)`;
      const allowed = `minimum idle-time-out (${peerIdleTimeoutMsMin} ms)`;
      throw new AmqpError('not-allowed', `${found} < ${allowed}`);
    }
    this.connectedAtMs = broker.nowMs();
    this.frameBytesMax = maxFrameSize ?? 0xffff_ffff;
    this.clientProperties = shownProperties(properties);
    return { access, vhost: broker.vhost(name) };
  }

  answer(): Pick<Open, 'containerId' | 'offeredCapabilities' | 'properties'> {
    const { brokerName, engineVersion } = this.core.broker;
    const properties = {
      product: 'RabbitMQ',
      version: engineVersion,
      platform: 'Waxwing',
      information: 'Licensed under the Apache License 2.0',
    };
    return {
      containerId: brokerName,
      offeredCapabilities: ['LINK_PAIR_V1_0', 'ANONYMOUS-RELAY'],
      properties: Object.entries(properties).map(([name, value]) => [
        symbolItem(name),
        stringItem(value),
      ]),
    };
  }

  attach(session: Session, frame: Attach): Attached {
    try {
      const attached = attachTerminus(this, session, frame);
      this.freeName = undefined;
      return attached;
    } catch (thrown) {
      if (!(thrown instanceof Undecided)) this.freeName = undefined;
      throw thrown;
    }
  }

  committed(): void {}

  *release(): Generator<void> {
    // The client may have been refused.
    if (this.connectedAtMs > 0) yield* this.vhost.release(this.host);
  }

  ended(): void {}
}

/** @throws {AmqpError} `unauthorized-access`, `resource-limit-exceeded` */
function accessOf(broker: Broker, user: User, vhost: string): Access {
  if (!broker.vhosts.has(vhost)) {
    const why = `virtual host '${vhost}' does not exist`;
    throw new AmqpError('unauthorized-access', `AMQP 1.0 connection failed: ${why}`);
  }
  try {
    return broker.access(user, vhost, true);
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    const isLimit = error.message.includes('connection limit');
    const condition = isLimit ? 'resource-limit-exceeded' : 'unauthorized-access';
    throw new AmqpError(condition, error.message, { cause: error });
  }
}

/** Versions in which RabbitMQ permits addresses of version 1 by default. */
const version1Engines = /^(?:3\.|4\.[0-2]\b)/;

/** The dialect of a broker of RabbitMQ's type. */
export function rabbitMqDialect(broker: Broker): Dialect {
  const core: RabbitMqCore = {
    broker,
    rules: rabbitMqRules(broker),
    permitsVersion1: version1Engines.test(broker.engineVersion),
  };
  return {
    broker,
    idleTimeoutMs,
    channelMax,
    connect: (host, transport) => new RabbitMqConnection(core, host, transport),
  };
}
