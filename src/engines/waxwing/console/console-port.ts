// The HTTPS port of a broker of ActiveMQ's type: its console, which is loaded when it is used.

import type { ConsoleApi } from '../../../activemq-console/api.ts';
import {
  bodyBytesMax,
  consoleAdmissionLimits,
  consoleHttpLimits,
  sendBodyBytesMax,
} from '../../../activemq-console/limits.ts';
import { systemClock } from '../../../base/clock.ts';
import { systemRandom } from '../../../base/random.ts';
import type { Broker } from '../../../broker/broker.ts';
import { jsonResponse, type RequestHead } from '../../../net/http/message.ts';
import type { Rejection } from '../../../net/http/request-handler.ts';
import { RouteTable } from '../../../net/http/route-table.ts';
import type { PortListener } from '../../../net/listeners.ts';
import type { ListenerAccess, ServerCertificate } from '../../../net/tls-listener.ts';
import type { TlsPolicy } from '../../../net/tls-policy.ts';
import { addConsole } from './console-files.ts';
import { LazyApi } from './lazy-api.ts';

/** The parts that the port needs. */
export interface ConsolePortOptions {
  readonly broker: Broker;
  readonly host: string;
  readonly certificates: readonly ServerCertificate[];
  /** How clients reach the port; undefined for directly. */
  readonly access?: ListenerAccess | undefined;
  /** The names of the broker's own users that may use the console. */
  readonly consoleUsers: ReadonlySet<string>;
  /** Writes a line of the broker's audit log. */
  readonly audit: (line: string) => void;
}

/** The console of a broker. */
export class ConsolePort {
  readonly #options: ConsolePortOptions;
  readonly #api: LazyApi;

  constructor(options: ConsolePortOptions) {
    this.#options = options;
    this.#api = new LazyApi(() => this.#open(), rejected);
  }

  /** Creates the listener. */
  async listener(policy: TlsPolicy): Promise<PortListener> {
    const { httpPort } = await import('../../../net/http/http-port.ts');
    const { host, certificates, access } = this.#options;
    const port = httpPort({
      host,
      certificates,
      access,
      policy,
      admissionLimits: consoleAdmissionLimits,
      limits: consoleHttpLimits,
      routes: addConsole(new RouteTable(), 'activemq.html')
        .handle('POST', '/admin/sendMessage.action', this.#api.handler(sendBodyBytesMax))
        .handle('*', '/*', this.#api.handler(bodyBytesMax)),
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
    };
  }

  async #open(): Promise<ConsoleApi> {
    const { ConsoleApi: Opened } = await import('../../../activemq-console/api.ts');
    const { broker, consoleUsers, audit } = this.#options;
    return new Opened({
      broker,
      clock: systemClock,
      random: systemRandom,
      consoleUsers,
      audit,
      uptimeSeconds: () => process.uptime(),
    });
  }
}

const rejections: Readonly<Record<Rejection, readonly [status: number, reason: string]>> = {
  'too-large': [413, 'The body is too large'],
  'length-required': [411, 'The length of the body is required'],
  throttled: [429, 'Too many requests'],
};

function rejected(_head: RequestHead, rejection: Rejection, limitBytes: number) {
  const [status, reason] = rejections[rejection];
  const limit = rejection === 'too-large' ? `: at most ${limitBytes} bytes are allowed` : '';
  return jsonResponse(status, { error: `${reason}${limit}` });
}
