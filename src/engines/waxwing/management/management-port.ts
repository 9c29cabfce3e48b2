// The HTTPS port of a broker of RabbitMQ's type: its management API, which is loaded when it is used.

import { X509Certificate } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { systemClock } from '../../../base/clock.ts';
import type { Broker } from '../../../broker/broker.ts';
import type { Shovels } from '../../../broker/rabbitmq/shovels/shovel-status.ts';
import { hashPassword } from '../../../crypto/password.ts';
import type { ManagementApi } from '../../../management/api.ts';
import {
  definitionsBodyBytesMax,
  managementAdmissionLimits,
  managementHttpLimits,
  publishBodyBytesMax,
  smallBodyBytesMax,
} from '../../../management/limits.ts';
import type { ListenerFacts, NodeFacts } from '../../../management/management.ts';
import { jsonResponse, type RequestHead } from '../../../net/http/message.ts';
import type { Rejection } from '../../../net/http/request-handler.ts';
import { RouteTable } from '../../../net/http/route-table.ts';
import type { Listeners, PortListener } from '../../../net/listeners.ts';
import type { ListenerAccess, ServerCertificate } from '../../../net/tls-listener.ts';
import type { TlsPolicy } from '../../../net/tls-policy.ts';
import { systemDisk } from '../../../storage/disk.ts';
import { addConsole } from '../console/console-files.ts';
import { LazyApi } from '../console/lazy-api.ts';

/** The names of listeners in RabbitMQ. */
const protocolNames: Readonly<Record<string, string>> = {
  amqps: 'amqp/ssl',
  management: 'https',
  'stomp+ssl': 'stomp/ssl',
  'mqtt+ssl': 'mqtt/ssl',
};

/** The parts that the port needs. */
export interface ManagementPortOptions {
  readonly broker: Broker;
  readonly host: string;
  readonly certificates: readonly ServerCertificate[];
  /** How clients reach the port; undefined for directly. */
  readonly access?: ListenerAccess | undefined;
  /** The folder of the broker's volume. */
  readonly folder: string;
  /** Free disk space below which publishers are blocked, bytes. */
  readonly diskReserveBytes: number;
  /** Whether administrators may change operator policies. */
  readonly changesOperatorPolicies: boolean;
  /** Undefined if the broker has none. */
  readonly shovels: Shovels | undefined;
}

/** The management port of a broker. */
export class ManagementPort {
  readonly #options: ManagementPortOptions;
  #certificates: readonly ServerCertificate[];
  #listeners: Listeners | undefined = undefined;
  readonly #api: LazyApi;

  constructor(options: ManagementPortOptions) {
    this.#options = options;
    this.#api = new LazyApi(() => this.#open(), rejected);
    this.#certificates = options.certificates;
  }

  /** Creates the listener. */
  async listener(policy: TlsPolicy): Promise<PortListener> {
    const { httpPort } = await import('../../../net/http/http-port.ts');
    const port = httpPort({
      host: this.#options.host,
      certificates: this.#certificates,
      access: this.#options.access,
      policy,
      admissionLimits: managementAdmissionLimits,
      limits: managementHttpLimits,
      routes: this.#routes(),
      clock: systemClock,
    });
    return {
      ...port,
      get networkBytes() {
        return port.networkBytes;
      },
      close: (reason, timeoutMs) => {
        this.#api.close();
        return port.close(reason, timeoutMs);
      },
      showCertificates: (certificates) => {
        this.#certificates = certificates;
        port.showCertificates(certificates);
      },
    };
  }

  /** All listeners of the broker are open. */
  started(listeners: Listeners): void {
    this.#listeners = listeners;
  }

  #routes(): RouteTable {
    const definitions = this.#api.handler(definitionsBodyBytesMax);
    return addConsole(new RouteTable(), 'rabbitmq.html')
      .handle('POST', '/api/definitions', definitions)
      .handle('POST', '/api/definitions/{vhost}', definitions)
      .handle(
        'POST',
        '/api/exchanges/{vhost}/{name}/publish',
        this.#api.handler(publishBodyBytesMax),
      )
      .handle('*', '/*', this.#api.handler(smallBodyBytesMax));
  }

  async #open(): Promise<ManagementApi> {
    const { openManagement } = await import('../../../management/open.ts');
    const { broker, shovels, changesOperatorPolicies } = this.#options;
    const node = this.#facts();
    const parts = { broker, clock: systemClock, node, shovels, hashPassword };
    return openManagement({ ...parts, changesOperatorPolicies });
  }

  #facts(): NodeFacts {
    const { folder, diskReserveBytes, broker } = this.#options;
    return {
      listeners: () => this.#listenerFacts(),
      certificatesExpireAtMs: () => expiryOf(this.#certificates),
      diskFreeBytes: () => systemDisk.freeBytes(folder),
      diskReserveBytes,
      openFileCount: async () => (await readdir('/proc/self/fd')).length,
      socketCount: () =>
        broker.clientConnections.size + (this.#listeners?.unauthenticatedCount ?? 0),
    };
  }

  #listenerFacts(): ListenerFacts[] {
    return Object.entries(this.#listeners?.ports ?? {}).map(([name, port]) => ({
      protocol: protocolNames[name] ?? name,
      address: this.#options.host,
      port,
    }));
  }
}

/** When the first of the certificates expires. */
function expiryOf(certificates: readonly ServerCertificate[]): number {
  const times = certificates.map(({ certificate }) =>
    Date.parse(new X509Certificate(certificate).validTo),
  );
  return Math.min(...times);
}

const rejections: Readonly<Record<Rejection, readonly [status: number, reason: string]>> = {
  'too-large': [413, 'The body is too large'],
  'length-required': [411, 'Length Required'],
  throttled: [429, 'Too many requests'],
};

function rejected(_head: RequestHead, rejection: Rejection, limitBytes: number) {
  const [status, reason] = rejections[rejection];
  const limit = rejection === 'too-large' ? `: at most ${limitBytes} bytes are allowed` : '';
  return jsonResponse(status, { error: 'bad_request', reason: `${reason}${limit}` });
}
