// STOMP over TLS with a queue of a broker of ActiveMQ's type, by stompjs: every such broker has it, and
// Debian's ActiveMQ has no AMQP.

import { Client } from '@stomp/stompjs';
import { TlsStompSocket } from './tls-stomp-socket.ts';
import { waitFor } from './wait.ts';

/** Maximum time of a log-in, milliseconds. */
const openMsMax = 60_000;
/** Maximum time until the end of a queue arrives, milliseconds. */
const takeMsMax = 60_000;
/** The body of a message that marks the end of a queue. */
const end = 'the end of the queue';

/** How a broker is reached. */
export interface QueueAddress {
  /** `stomp+ssl://127.0.0.1:61614`, one for each instance. At most one accepts connections. */
  readonly endpoints: readonly string[];
  readonly username: string;
  readonly password: string;
  /** The authorities to trust, PEM. */
  readonly ca: string;
  readonly queue: string;
}

/** A connection that uses one queue. It does not reconnect. */
export class QueueClient {
  readonly #client: Client;
  readonly #destination: string;
  #receiptCount = 0;
  /** Called when the connection has ended. */
  #ended = (): void => {};

  private constructor(client: Client, queue: string) {
    this.#client = client;
    this.#destination = `/queue/${queue}`;
    client.onWebSocketClose = () => this.#ended();
  }

  /** @throws {Error} if nobody listens at any endpoint, or the log-in is refused */
  static async open({ endpoints, ...address }: QueueAddress): Promise<QueueClient> {
    let failure = new Error('the broker has no endpoint for STOMP');
    for (const endpoint of endpoints) {
      try {
        return await QueueClient.#openAt(endpoint, address);
      } catch (error) {
        failure = error as Error; // those of the promise below are
      }
    }
    throw failure;
  }

  static async #openAt(
    endpoint: string,
    { username: login, password: passcode, ca, queue }: Omit<QueueAddress, 'endpoints'>,
  ): Promise<QueueClient> {
    const client = new Client({
      webSocketFactory: () => new TlsStompSocket(endpoint, ca),
      connectHeaders: { login, passcode },
      connectionTimeout: openMsMax,
      reconnectDelay: 0,
      heartbeatIncoming: 0,
      heartbeatOutgoing: 0,
    });
    await new Promise<void>((resolve, reject) => {
      client.onConnect = () => resolve();
      client.onStompError = ({ headers }) => reject(new Error(headers['message']));
      client.onWebSocketError = reject;
      client.onWebSocketClose = () => reject(new Error('the connection ended'));
      client.activate();
    });
    return new QueueClient(client, queue);
  }

  /**
   * Sends persistent messages one after the other, each when the one before was confirmed.
   *
   * @param confirmed called with each body that was confirmed
   * @returns when there are no more bodies, or the connection has ended
   */
  async send(bodies: Iterable<string>, confirmed: (body: string) => void): Promise<void> {
    for (const body of bodies) {
      if (!(await this.#isConfirmed(body))) return;
      confirmed(body);
    }
  }

  /** Sends a message. Returns false if the connection ends before it is confirmed. */
  #isConfirmed(body: string): Promise<boolean> {
    const [client, destination] = [this.#client, this.#destination];
    this.#receiptCount += 1;
    const receipt = String(this.#receiptCount);
    return new Promise((resolve) => {
      this.#ended = () => resolve(false);
      if (!client.connected) return resolve(false);
      client.watchForReceipt(receipt, () => resolve(true));
      client.publish({ destination, body, headers: { receipt, persistent: 'true' } });
    });
  }

  /** Takes all messages of the queue. Those that do not arrive in a minute are missing. */
  async take(): Promise<string[]> {
    const bodies: string[] = [];
    await this.#isConfirmed(end);
    if (this.#client.connected)
      this.#client.subscribe(this.#destination, ({ body }) => bodies.push(body));
    await waitFor(() => bodies.at(-1) === end || !this.#client.connected, takeMsMax);
    return bodies.filter((body) => body !== end);
  }

  close(): void {
    void this.#client.deactivate({ force: true });
  }
}
