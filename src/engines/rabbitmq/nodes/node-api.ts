// What a node answers about its cluster, over its management API.

import { systemClock } from '../../../base/clock.ts';
import { WaxwingError } from '../../../base/errors.ts';
import { HttpsClient } from '../../../net/http/https-client.ts';

/** What a node knows of one of the nodes. */
export interface NodeView {
  readonly name: string;
  readonly isRunning: boolean;
  /** Nodes that it was separated from. */
  readonly partitions: readonly string[];
  readonly alarms: { readonly memory: boolean; readonly disk: boolean };
  /** Values for metrics; those that the node does not state are missing. */
  readonly values: Readonly<Record<string, number>>;
}

/** How the service asks the nodes of a cluster. */
export interface NodeAccess {
  readonly username: string;
  readonly password: string;
  /** The authority of the certificates for clients, PEM. */
  readonly authority: string;
  /** The name in them. */
  readonly serverName: string;
}

const timeoutMs = 4000;
const bodyBytesMax = 4 * 1024 * 1024;

/** The management API of one node. */
export class NodeApi {
  readonly #base: string;
  readonly #authorization: string;
  readonly #client: HttpsClient;
  readonly #username: string;

  constructor(
    address: string,
    port: number,
    { username, password, authority, serverName }: NodeAccess,
  ) {
    this.#username = username;
    this.#base = `https://${address}:${port}/api`;
    this.#authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    this.#client = new HttpsClient({
      authorities: authority,
      serverName,
      clock: systemClock,
      timeoutMs,
      bodyBytesMax,
      keptConnectionCountMax: 2,
    });
  }

  /**
   * The nodes of the cluster as this node sees them.
   *
   * @throws {NetError} if it does not answer
   * @throws {WaxwingError} `login-refused`
   */
  async nodes(): Promise<NodeView[]> {
    const rows = await this.get('/nodes');
    return Array.isArray(rows) ? rows.map((row) => viewOf(fields(row))) : [];
  }

  /**
   * Gets a resource.
   *
   * @throws {NetError} if the node does not answer
   * @throws {WaxwingError} `login-refused` if the user of the service has no access
   * @throws {Error} if the answer has another status than 200, or is not JSON
   */
  async get(path: string): Promise<unknown> {
    const url = new URL(`${this.#base}${path}`);
    const { status, body } = await this.#client.send(url, {
      method: 'GET',
      headers: { Authorization: this.#authorization, Accept: 'application/json' },
      body: undefined,
    });
    if (status === 401 || status === 403) {
      throw new WaxwingError('login-refused', `the management API refused ${this.#username}`);
    }
    if (status !== 200) throw new Error(`the management API answered with status ${status}`);
    return JSON.parse(body.toString('utf8'));
  }

  close(): void {
    this.#client.close();
  }
}

/** The members of an object of an answer; none if it is not one. */
export function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function viewOf(row: Readonly<Record<string, unknown>>): NodeView {
  const partitions = Array.isArray(row['partitions']) ? row['partitions'] : [];
  const numbers = Object.entries(row).filter(([, value]) => typeof value === 'number');
  return {
    name: String(row['name']),
    isRunning: row['running'] === true,
    partitions: partitions.map(String),
    alarms: { memory: row['mem_alarm'] === true, disk: row['disk_free_alarm'] === true },
    values: Object.fromEntries(numbers) as Record<string, number>,
  };
}
