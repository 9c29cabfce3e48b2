// The management API: authentication, routing and answers of requests.

import { afterDecisions, Undecided } from '../broker/logins/undecided.ts';
import type { User } from '../broker/users.ts';
import type { RequestHead } from '../net/http/message.ts';
import type { Admission, Labels, RequestPeer } from '../net/http/request-handler.ts';
import { type Answer, errorAnswer, internalError, jsonAnswer, loginFailed } from './answers.ts';
import { readCredentials } from './credentials.ts';
import { ManagementError } from './errors.ts';
import { isForged } from './forged.ts';
import { LargeAnswers } from './large-answers.ts';
import { LargeBodies } from './large-bodies.ts';
import { pathLengthMax, queryLengthMax, requestChargeMs, requestCountMax } from './limits.ts';
import type { Management } from './management.ts';
import { ApiRequest } from './request.ts';
import { requireRole } from './roles.ts';
import { newRoutes, type Route } from './routes.ts';
import { paced } from './shares/paced-answer.ts';
import { type Place, Shares } from './shares/shares.ts';

/** A resource that a request asks for, with the parameters of its path. */
interface Found {
  readonly route: Route;
  readonly labels: Labels;
}

/** Answers all requests of a broker's management API. */
export class ManagementApi {
  readonly #management: Management;
  readonly #routes = newRoutes();
  #requestCount = 0;
  readonly #largeBodies = new LargeBodies();
  readonly #largeAnswers = new LargeAnswers();
  readonly #shares: Shares;

  constructor(management: Management) {
    this.#management = management;
    this.#shares = new Shares(management.clock);
  }

  /** Stops sampling, and the wait for shares. */
  close(): void {
    this.#shares.close();
    this.#management.rates.stop();
  }

  /** Decides on a request; see `RequestHandler.admit`. */
  admit(head: RequestHead, peer: RequestPeer): Admission | Promise<Admission> {
    const found = this.#find(head);
    if ('status' in found) return refused(found);
    if (isForged(head)) {
      const reason = 'Requests of other sites are refused';
      return refused(jsonAnswer({ error: 'not_authorised', reason }, 403));
    }
    const credentials = readCredentials(head.headers.get('authorization'));
    if (credentials === undefined) return refused(loginFailed);
    const { peerAddress } = head;
    const attempt = {
      ...credentials,
      peerAddress: `${peerAddress}:0`,
      get isGone() {
        return peer.destroyed;
      },
    };
    return this.#management.broker.logins.check(attempt).then(
      (user) =>
        user === undefined ? refused(loginFailed) : this.#admitUser(head, user, found, peer),
      (error: unknown) => refused(this.#failure(error)),
    );
  }

  #find(head: RequestHead): Found | Extract<Answer, { body: unknown }> {
    const { method, rawPath, rawQuery } = head;
    if (rawPath.length > pathLengthMax || rawQuery.length > queryLengthMax) {
      return jsonAnswer({ error: 'bad_request', reason: 'The path or query is too long' }, 414);
    }
    // A trailing slash has no meaning.
    const path = rawPath.length > 1 && rawPath.endsWith('/') ? rawPath.slice(0, -1) : rawPath;
    const match = this.#routes.find(method === 'HEAD' ? 'GET' : method, path);
    if (match !== undefined) return { route: match.value, labels: match.labels };
    const methods = this.#routes.methodsOf(path);
    if (methods.length === 0) {
      return jsonAnswer({ error: 'Object Not Found', reason: 'Not Found' }, 404);
    }
    const allowed = [...(methods.includes('GET') ? ['HEAD'] : []), ...methods, 'OPTIONS'];
    const headers = { Allow: allowed.join(', ') };
    return method === 'OPTIONS'
      ? { ...jsonAnswer({}, 200, headers), body: '' }
      : jsonAnswer({ error: 'Method Not Allowed', reason: 'Method Not Allowed' }, 405, headers);
  }

  #admitUser(head: RequestHead, user: User, found: Found, peer: RequestPeer): Admission {
    try {
      requireRole(user, found.route.role);
      this.#shares.requireRoom(identityOf(user), head.peerAddress);
    } catch (error) {
      return { ...refused(this.#failure(error)), isProven: true };
    }
    return {
      refusal: undefined,
      isProven: true,
      answer: (body) => this.#answerInTurn(user, head, found, body, () => peer.destroyed),
    };
  }

  /** Answers a request whose body has arrived, when the shares of its user and address permit it. */
  async #answerInTurn(
    user: User,
    head: RequestHead,
    found: Found,
    body: Buffer,
    isGone: () => boolean,
  ): Promise<Answer> {
    const { isLarge } = found.route;
    const owner = identityOf(user);
    let place: Place | undefined;
    let endBody = () => {};
    this.#requestCount++;
    try {
      if (this.#requestCount > requestCountMax) {
        throw new ManagementError('busy', 'too many requests are in progress; try again later');
      }
      if (isLarge) endBody = this.#largeBodies.keep(owner, body.length);
      place = this.#shares.enter(owner, head.peerAddress, isGone, isLarge);
      place.charge(requestChargeMs);
      await place.start();
      if (isGone()) return paced(clientGone, place);
      if (isLarge) this.#largeAnswers.requireRoom(owner);
      const answer = await this.#answerAs(user, head, found, body, place);
      return paced(isLarge ? this.#largeAnswers.counted(owner, answer) : answer, place);
    } catch (error) {
      place?.end();
      return this.#failure(error, head.method === 'DELETE');
    } finally {
      this.#requestCount--;
      endBody();
    }
  }

  /**
   * Answers a request. The body and the shares may have taken long, so the user may have been
   * deleted, or have another password or other tags.
   */
  async #answerAs(
    admitted: User,
    head: RequestHead,
    { route, labels }: Found,
    body: Buffer,
    place: Place,
  ): Promise<Answer> {
    const user = this.#present(admitted);
    if (user === undefined) return loginFailed;
    requireRole(user, route.role);
    const charge = (ms: number) => place.charge(ms);
    const request = new ApiRequest(this.#management, user, { head, labels, body }, charge);
    return afterDecisions(() => {
      const { clock } = this.#management;
      const beganMs = clock.monotonicMs();
      try {
        return route.handle(request);
      } finally {
        place.charge(clock.monotonicMs() - beganMs);
      }
    });
  }

  /** The present state of a user; undefined if its log-in no longer counts. */
  #present(admitted: User): User | undefined {
    const { broker } = this.#management;
    const { rights } = admitted;
    if (rights !== undefined) return rights.expiresAtMs > broker.nowMs() ? admitted : undefined;
    const user = broker.users.get(admitted.name);
    return user?.passwordHash === admitted.passwordHash ? user : undefined;
  }

  /** The answer to an error. A bug is reported. */
  #failure(error: unknown, isDeletion = false): Extract<Answer, { body: unknown }> {
    const isUndecided = error instanceof Undecided;
    const shown = isUndecided
      ? new ManagementError('busy', 'too many permissions to check')
      : error;
    const known = errorAnswer(shown, isDeletion);
    if (known !== undefined) return known;
    this.#management.broker.internalError(error, 'a client of the management API');
    return internalError;
  }
}

/** Who a user is, whatever the spelling of the name with which it logged in. */
function identityOf({ name, rights }: User): string {
  return rights?.identity ?? name;
}

/** The answer to a client that has disconnected; nobody reads it. */
const clientGone = jsonAnswer({}, 400);

function refused(refusal: Extract<Answer, { body: unknown }>): Admission {
  return { refusal, isProven: false, answer: () => Promise.resolve(refusal) };
}
