// The console: authentication, routing and answers of requests.

import type { User } from '../broker/users.ts';
import { readCredentials } from '../management/credentials.ts';
import { isForged } from '../management/forged.ts';
import type { RequestHead } from '../net/http/message.ts';
import type { Admission, Labels, RequestPeer } from '../net/http/request-handler.ts';
import { hasConsoleAccess } from './access.ts';
import { type Answer, errorAnswer, failure, loginFailed, noConsoleAccess } from './answers.ts';
import { Console, type ConsoleOptions } from './console.ts';
import { ConsoleError } from './errors.ts';
import { requestCountMax, urlLengthMax } from './limits.ts';
import { ConsoleRequest } from './request.ts';
import { newRoutes, pageOf, type Route } from './routes.ts';

/** The header with the secret of an action, instead of the field `secret` of a form. */
const secretHeader = 'x-csrf-secret';

/** The fields that the audit log shows. Others have no meaning, and may contain anything. */
const auditedFields: ReadonlySet<string> = new Set([
  'secret',
  'JMSDestination',
  'JMSDestinationType',
  'destination',
  'count',
  'from',
  'sequence',
  'clientId',
  'subscriberName',
  'jobId',
  'id',
]);

/** A resource that a request asks for, with the parameters of its path. */
interface Found {
  readonly route: Route;
  readonly labels: Labels;
}

/** Answers all requests of a broker's console. */
export class ConsoleApi {
  readonly #console: Console;
  readonly #routes = newRoutes();
  #requestCount = 0;

  constructor(options: ConsoleOptions) {
    this.#console = new Console(options);
  }

  /** Forgets what was sampled. */
  close(): void {
    this.#console.rates.stop();
  }

  /** Decides on a request; see `RequestHandler.admit`. */
  admit(head: RequestHead, peer: RequestPeer): Admission | Promise<Admission> {
    if (Math.max(head.rawPath.length, head.rawQuery.length) > urlLengthMax) {
      const why = `The path or query is longer than ${urlLengthMax} characters.`;
      return refused(failure(414, why));
    }
    if (isForged(head)) {
      return refused(failure(403, 'Requests of other sites are refused.'));
    }
    const header = head.headers.get('authorization');
    const page = header === undefined ? pageOf(head) : undefined;
    if (page !== undefined) return refused(page);
    const credentials = readCredentials(header);
    if (credentials === undefined || credentials.isToken) return refused(loginFailed);
    const attempt = {
      ...credentials,
      peerAddress: `${head.peerAddress}:0`,
      protocol: 'console',
      get isGone() {
        return peer.destroyed;
      },
    };
    return this.#console.broker.logins.check(attempt).then(
      (user) => (user === undefined ? refused(loginFailed) : this.#admitUser(head, user)),
      (error: unknown) => refused(this.#failure(error)),
    );
  }

  #admitUser(head: RequestHead, user: User): Admission {
    if (!hasConsoleAccess(user, this.#console.consoleUsers)) {
      return { ...refused(noConsoleAccess), isProven: true };
    }
    const found = this.#find(head);
    if ('status' in found) return { ...refused(found), isProven: true };
    return {
      refusal: undefined,
      isProven: true,
      answer: (body) => this.#answer(head, user, found, body),
    };
  }

  #find({ method, rawPath }: RequestHead): Found | Extract<Answer, { body: unknown }> {
    const match = this.#routes.find(method === 'HEAD' ? 'GET' : method, rawPath);
    if (match !== undefined) return { route: match.value, labels: match.labels };
    const methods = this.#routes.methodsOf(rawPath);
    if (methods.length === 0) return failure(404, 'There is no such page.');
    const allowed = methods.includes('GET') ? ['HEAD', ...methods] : methods;
    return failure(405, `This takes ${allowed.join(', ')}.`, { Allow: allowed.join(', ') });
  }

  async #answer(
    head: RequestHead,
    user: User,
    { route, labels }: Found,
    body: Buffer,
  ): Promise<Answer> {
    this.#requestCount++;
    try {
      // The body may have taken long, so the password may have been changed.
      if (!this.#isPresent(user)) return loginFailed;
      if (this.#requestCount > requestCountMax) {
        throw new ConsoleError('busy', 'too many requests are in progress; try again later');
      }
      const request = new ConsoleRequest(this.#console, user, { head, labels, body });
      if (route.isAudited) this.#audit(request);
      if (route.isAction) this.#requireSecret(request);
      return await route.handle(request);
    } catch (error) {
      return this.#failure(error);
    } finally {
      this.#requestCount--;
    }
  }

  #isPresent({ name, groups, passwordHash }: User): boolean {
    if (groups !== undefined) return true;
    return this.#console.broker.users.get(name)?.passwordHash === passwordHash;
  }

  /** @throws {ConsoleError} `forbidden` */
  #requireSecret({ head, access, fields }: ConsoleRequest): void {
    const found = head.headers.get(secretHeader) ?? fields.get('secret');
    if (this.#console.secrets.isOf(access.user, found)) return;
    const why =
      found === undefined ? 'The secret is missing' : 'The secret is not that of this user';
    const advice = 'read it again from /admin/api/session';
    throw new ConsoleError('forbidden', `${why}: ${advice}`);
  }

  #audit({ head, access, fields }: ConsoleRequest): void {
    const shown = [...fields]
      .filter(([name]) => auditedFields.has(name))
      .map(([name, value]) => [name, name === 'secret' ? '****' : value] as const);
    this.#console.audit.requested(access.user, head.rawPath, shown, head.peerAddress);
  }

  /** The answer to an error. A bug is reported. */
  #failure(error: unknown): Extract<Answer, { body: unknown }> {
    const known = errorAnswer(error);
    if (known !== undefined) return known;
    this.#console.broker.internalError(error, 'a client of the console');
    return failure(500, 'An internal error. The log of the service has the details.');
  }
}

function refused(refusal: Extract<Answer, { body: unknown }>): Admission {
  return { refusal, isProven: false, answer: () => Promise.resolve(refusal) };
}
