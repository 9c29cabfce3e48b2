// An HTTP service that decides about log-ins and rights.

import type { Clock } from '../../../base/clock.ts';
import type { AskedUser, Question } from '../../../broker/logins/remote-rights.ts';
import type { HttpServiceSettings } from '../../../control/configurations/rabbitmq/http.ts';
import { NetError } from '../../../net/errors.ts';
import { HttpsClient } from '../../../net/http/https-client.ts';
import type { RemoteService, RemoteUser } from './remote-logins.ts';

/** Maximum size of an answer, bytes: one word, and tags or a reason. */
const answerBytesMax = 4096;
/** Maximum number of connections to the service that are kept open. */
const connectionCountMax = 32;
/** Maximum number of tags in an answer, and of characters of each. */
const tagCountMax = 32;
const tagLengthMax = 255;

type Fields = readonly (readonly [name: string, value: string])[];

/**
 * Asks an HTTP service with the requests of RabbitMQ's plugin, over TLS. The service answers with `allow` and
 * tags, or with `deny`.
 */
export class HttpService implements RemoteService {
  readonly #settings: HttpServiceSettings;
  readonly #client: HttpsClient;

  constructor(settings: HttpServiceSettings, clock: Clock) {
    this.#settings = settings;
    const { authorities, certificate, privateKey, timeoutMs } = settings;
    const hasCertificate = certificate !== null && privateKey !== null;
    this.#client = new HttpsClient({
      authorities: authorities ?? undefined,
      clock,
      timeoutMs,
      bodyBytesMax: answerBytesMax,
      keptConnectionCountMax: connectionCountMax,
      ...(hasCertificate && { certificate: { certificate, privateKey } }),
    });
  }

  async logIn(username: string, password: string): Promise<RemoteUser | 'wrong-password'> {
    const fields: Fields = [
      ['username', username],
      ['password', password],
    ];
    const answer = await this.#ask(this.#settings.userPath, fields);
    const [word = '', ...tags] = answer.split(/\s+/);
    // Nobody knows whether there is such a user.
    if (word !== 'allow') return 'wrong-password';
    const valid = tags.filter((tag) => tag !== '' && tag.length <= tagLengthMax);
    return { tags: valid.slice(0, tagCountMax) };
  }

  async decide(user: AskedUser, question: Question, peerAddress: string): Promise<boolean> {
    const { vhostPath, resourcePath, topicPath } = this.#settings;
    const { about, vhost } = question;
    const first: Fields = [
      ['username', user.name],
      ['vhost', vhost],
    ];
    const tags = ['tags', user.tags.join(' ')] as const;
    if (about === 'vhost') return this.#permits(vhostPath, [...first, ['ip', peerAddress], tags]);
    const { name, right } = question;
    const fields: Fields = [
      ...first,
      ['resource', about],
      ['name', name],
      ['permission', right],
      tags,
    ];
    if (about !== 'topic') return this.#permits(resourcePath, fields);
    return this.#permits(topicPath, [
      ...fields,
      ['routing_key', question.routingKey],
      ['variable_map.username', user.name],
      ['variable_map.vhost', vhost],
    ]);
  }

  async #permits(path: string, fields: Fields): Promise<boolean> {
    return (await this.#ask(path, fields)) === 'allow';
  }

  /**
   * @returns the answer in lower case, without blanks at its ends
   * @throws {NetError} `request-failed`, including for a status other than 200 and 201
   */
  async #ask(path: string, fields: Fields): Promise<string> {
    // Bytes that are not UTF-8 would be sent as those of another name.
    if (fields.some(([, value]) => !value.isWellFormed())) return 'deny';
    const form = new URLSearchParams(
      fields.map(([name, value]): [string, string] => [name, value]),
    ).toString();
    const url = new URL(path);
    const isPost = this.#settings.method === 'post';
    if (!isPost) url.search = form;
    const { status, body } = await this.#client.send(url, {
      method: isPost ? 'POST' : 'GET',
      headers: isPost ? { 'Content-Type': 'application/x-www-form-urlencoded' } : {},
      body: isPost ? form : undefined,
    });
    if (status === 200 || status === 201) return body.toString('utf8').trim().toLowerCase();
    const shown = `${url.origin}${url.pathname}`;
    throw new NetError('request-failed', `${shown} answered with status ${status}`);
  }

  close(): void {
    this.#client.close();
  }
}
