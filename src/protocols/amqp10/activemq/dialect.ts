// The dialect of brokers of ActiveMQ's type.

import { type ActiveMq, activeMqOf } from '../../../broker/activemq/activemq.ts';
import type { Broker } from '../../../broker/broker.ts';
import { BrokerError } from '../../../broker/errors.ts';
import type { Route } from '../../../broker/exchanges/route-cache.ts';
import type { Publication } from '../../../broker/publication.ts';
import type { Access, User } from '../../../broker/users.ts';
import { type Entry, symbolItem } from '../codec/items.ts';
import type { Attach, Open } from '../codec/performatives.gen.ts';
import type { Attached, ConnectionDialect, Dialect, Opened } from '../dialect.ts';
import { AmqpError } from '../errors.ts';
import type { AmqpHost } from '../host.ts';
import {
  channelMax,
  idleTimeoutMs,
  nameLengthMax,
  peerFrameBytesMin,
  peerIdleTimeoutMsMin,
} from '../limits.ts';
import type { Session } from '../session.ts';
import { attachTerminus } from './attaching.ts';
import { Temporaries } from './temporaries.ts';
import { connectionProperties, offeredCapabilities } from './terminus.ts';

/** The dialect of one connection to a broker of ActiveMQ's type. */
export class ActiveMqConnection implements ConnectionDialect {
  readonly core: ActiveMq;
  readonly host: AmqpHost;
  readonly temporaries: Temporaries;
  readonly inspector = undefined;
  #clientId: string | undefined = undefined;

  constructor(core: ActiveMq, host: AmqpHost) {
    this.core = core;
    this.host = host;
    const { temporaries } = core;
    const { connectionId } = host;
    this.temporaries = new Temporaries({ temporaries, connectionId, owner: host });
  }

  get access(): Access {
    return this.host.access;
  }

  /** The container id of the client, which is its client id. */
  get clientId(): string {
    return this.host.clientId;
  }

  loggedIn(): void {}

  open(user: User, { containerId, maxFrameSize, idleTimeOut = 0 }: Open): Opened {
    const { broker, vhost } = this.core;
    const access = broker.access(user, vhost.name);
    if (maxFrameSize !== undefined && maxFrameSize < peerFrameBytesMin) {
      const found = `a max-frame-size of ${maxFrameSize} bytes`;
      throw new AmqpError('invalid-field', `${found} is smaller than ${peerFrameBytesMin}`);
    }
    if (idleTimeOut > 0 && idleTimeOut < peerIdleTimeoutMsMin) {
      const found = `an idle-time-out of ${idleTimeOut} ms`;
      throw new AmqpError('invalid-field', `${found} is shorter than ${peerIdleTimeoutMsMin}`);
    }
    this.#takeClientId(containerId);
    return { access, vhost };
  }

  #takeClientId(containerId: string): void {
    const info: Entry[] = [[symbolItem('invalid-field'), symbolItem('container-id')]];
    if (containerId === '' || containerId.length > nameLengthMax) {
      const found = `a container-id of ${containerId.length} characters`;
      const allowed = `1 to ${nameLengthMax} are allowed`;
      throw new AmqpError('invalid-field', `${found}; ${allowed}`, { info });
    }
    try {
      this.core.clientIds.take(containerId, this.host);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      throw new AmqpError('invalid-field', error.message, { info, cause: error });
    }
    this.#clientId = containerId;
  }

  answer(): Pick<Open, 'containerId' | 'offeredCapabilities' | 'properties'> {
    const { broker } = this.core;
    return {
      containerId: broker.brokerName,
      offeredCapabilities: offeredCapabilities(this.core),
      properties: connectionProperties(broker.engineVersion),
    };
  }

  attach(session: Session, frame: Attach): Attached {
    return attachTerminus(this, session, frame);
  }

  committed(publication: Publication, route: Route): void {
    this.core.sends.committed(publication, route);
  }

  *release(): Generator<void> {
    yield* this.core.vhost.release(this.host);
    yield* this.core.temporaries.release(this.host);
  }

  ended(): void {
    if (this.#clientId === undefined) return;
    this.core.clientIds.release(this.#clientId, this.host);
    this.#clientId = undefined;
  }
}

/** The dialect of a broker of ActiveMQ's type. */
export function activeMqDialect(broker: Broker): Dialect {
  const core = activeMqOf(broker);
  return {
    broker,
    idleTimeoutMs,
    channelMax,
    connect: (host) => new ActiveMqConnection(core, host),
  };
}
