// A client of the console of a broker of ActiveMQ's type.

import type { IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** An answer of the console. */
export interface ConsoleReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A request to the console. */
export interface ConsoleCall {
  /** `name:password`; undefined for no credentials. */
  readonly user?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** The fields of a form. */
  readonly form?: Readonly<Record<string, string>> | undefined;
}

/** Sends requests to one port. */
export class ConsoleClient {
  readonly #port: number;
  readonly #ca: string;
  readonly #usual: string;

  /** @param usual the user of requests that name none, with its password */
  constructor(port: number, ca: string, usual: string) {
    this.#port = port;
    this.#ca = ca;
    this.#usual = usual;
  }

  get(path: string, call: ConsoleCall = {}): Promise<ConsoleReply> {
    return this.send('GET', path, call);
  }

  /** The JSON of a successful answer. */
  async json<Value>(path: string, call: ConsoleCall = {}): Promise<Value> {
    const { status, text } = await this.get(path, call);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${text}`);
    return JSON.parse(text) as Value; // the caller knows the resource
  }

  /** Performs an action with the secret of the user. */
  async act(
    action: string,
    form: Readonly<Record<string, string>>,
    call: ConsoleCall = {},
  ): Promise<ConsoleReply> {
    const { secret } = await this.json<{ secret: string }>('/admin/api/session', call);
    return this.send('POST', `/admin/${action}`, { ...call, form: { secret, ...form } });
  }

  send(method: string, path: string, call: ConsoleCall = {}): Promise<ConsoleReply> {
    const user = 'user' in call ? call.user : this.#usual;
    const body = call.form && new URLSearchParams(call.form).toString();
    const headers = {
      ...(user !== undefined && { Authorization: `Basic ${Buffer.from(user).toString('base64')}` }),
      ...(body !== undefined && {
        'Content-Type': 'application/x-www-form-urlencoded',
        'Content-Length': String(Buffer.byteLength(body)),
      }),
      ...call.headers,
    };
    return new Promise((resolve, reject) => {
      const to = { host: '127.0.0.1', port: this.#port, ca: this.#ca, agent: false };
      const sent = httpsRequest({ ...to, method, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }
}
