// The requests with which browsers sign in to the web console.

import { RequestError } from '../../aws/errors.ts';
import type { Clock } from '../../base/clock.ts';
import type { ServiceLog } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import { asChange } from '../../identity/accounts/result.ts';
import { type Person, type ProviderPerson, personId } from '../../identity/sso/person.ts';
import { type HttpResponse, jsonResponse, type RequestHead } from '../../net/http/message.ts';
import type { RequestHandler } from '../../net/http/request-handler.ts';
import { signInWithPassword } from '../sign-in/password-sign-in.ts';
import type { SignInRecords } from '../sign-in/sign-in-records.ts';
import {
  type ConsoleHolder,
  type ConsoleSession,
  type CredentialParts,
  callFacts,
  roleSession,
  rootSession,
  userSession,
} from './console-credentials.ts';
import { OneTimeCodes } from './one-time-codes.ts';
import { type SignInRequest, signInRequest } from './sign-in-request.ts';

/** Maximum size of a request, bytes. */
const requestBytesMax = 2048;
/** The time for the choice of a role, milliseconds. */
const choiceMs = 10 * 60_000;
/** Maximum number of roles that are shown. */
const rolesMax = 500;

/** The parts that the sign-in needs. */
export interface ConsoleSignInParts extends CredentialParts {
  /** The host of the provider with which people sign in; undefined for users of the account. */
  readonly providerHost: string | undefined;
  readonly codes: OneTimeCodes<ConsoleHolder>;
  readonly records: SignInRecords;
  /** The address of the service, without a path. */
  readonly baseUrl: () => string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Pick<ServiceLog, 'error'>;
  /** Resolves in a later turn of the event loop. */
  readonly nextTurn: () => Promise<void>;
}

const problems = {
  wrong: 'The user name, the password or the MFA code is wrong.',
  busy: 'Too many passwords are being checked; try again in a moment.',
  outdated: 'Your password has expired or must be changed. Ask an administrator for a new one.',
} as const;
const wrongCode = 'The code is wrong, was used, or has expired. A code can be used once.';

/** Gives short-lived credentials to browsers. They are issued once, and kept only by the page. */
export class ConsoleSignIn {
  readonly #parts: ConsoleSignInParts;
  /** People of a provider who choose a role. */
  readonly #choices: OneTimeCodes<ProviderPerson>;

  constructor(parts: ConsoleSignInParts) {
    this.#parts = parts;
    this.#choices = new OneTimeCodes(parts.random, choiceMs);
  }

  /** The handlers by method and path. */
  handlers(): readonly (readonly [method: string, path: string, handler: RequestHandler])[] {
    return [
      ['GET', '/console/settings', this.#handler(async () => this.#settings())],
      ['POST', '/console/sign-in', this.#handler((head, body) => this.#signIn(head, body))],
    ];
  }

  #handler(answer: (head: RequestHead, body: Buffer) => Promise<HttpResponse>): RequestHandler {
    return {
      bodyBytesMax: requestBytesMax,
      admit: (head) => ({
        refusal: undefined,
        isProven: false,
        answer: (body) => this.#safely(() => answer(head, body)),
      }),
      reject: () => refusal(413, `A request may have at most ${requestBytesMax} bytes.`),
    };
  }

  async #safely(answer: () => Promise<HttpResponse>): Promise<HttpResponse> {
    try {
      return await answer();
    } catch (error) {
      if (error instanceof RequestError) return refusal(400, error.message);
      this.#parts.log.error({ err: error }, 'a sign-in to the console failed');
      return refusal(500, 'The service failed. Its log says why.');
    }
  }

  #settings(): HttpResponse {
    const { region, providerHost } = this.#parts;
    return answered(200, { region, ...(providerHost !== undefined && { providerHost }) });
  }

  async #signIn(head: RequestHead, body: Buffer): Promise<HttpResponse> {
    // Browsers ask before they send JSON to another site, and name the site that sends it.
    const origin = head.headers.get('origin');
    const isForeign = origin !== undefined && origin !== `https://${head.headers.get('host')}`;
    if (isForeign || !(head.headers.get('content-type') ?? '').startsWith('application/json')) {
      return refusal(403, 'The request does not come from the console.');
    }
    const request = signInRequest(body);
    if (request.type === 'password') return this.#withPassword(head, request);
    return this.#withCode(head, request);
  }

  async #withPassword(
    head: RequestHead,
    request: Extract<SignInRequest, { type: 'password' }>,
  ): Promise<HttpResponse> {
    const { iam, providerHost, records, clock } = this.#parts;
    if (providerHost !== undefined) return refusal(403, `People sign in at ${providerHost}.`);
    const nowMs = () => clock.nowMs();
    const found = await signInWithPassword(
      iam,
      request,
      head.peerAddress,
      nowMs,
      async (person, changes) => {
        const caller = iam.callers.signedIn(person.userId, person.mfaAtMs);
        const mfaUsed = person.mfaAtMs !== undefined;
        const attempt = { head, caller, userName: request.userName, mfaUsed, isOutside: false };
        await records.succeeded(attempt, this.#url(), changes.map(asChange));
      },
    );
    if (typeof found !== 'string') {
      const session = userSession(this.#parts, found, request.seconds, nowMs());
      return session ? this.#given(session) : refusal(403, problems.wrong);
    }
    const userName = iam.journal.users.named(request.userName)?.name;
    const problem = `Failed authentication (${found})`;
    await records.failed(head, { userName, isOutside: false, problem, url: this.#url() });
    return refusal(403, problems[found]);
  }

  async #withCode(
    head: RequestHead,
    { code, roleName, seconds }: Extract<SignInRequest, { type: 'code' }>,
  ): Promise<HttpResponse> {
    const { codes, clock } = this.#parts;
    const nowMs = clock.nowMs();
    if (roleName !== undefined) {
      const person = this.#choices.take(code, nowMs);
      return person ? this.#withRole(head, person, roleName, seconds) : this.#wrongCode(head);
    }
    const holder = codes.take(code, nowMs);
    if (holder?.type === 'root') return this.#begun(head, rootSession(this.#parts, seconds, nowMs));
    if (holder?.person.type === 'provider') return this.#choice(head, holder.person);
    const session = holder && userSession(this.#parts, holder.person, seconds, nowMs);
    return session ? this.#begun(head, session) : this.#wrongCode(head);
  }

  /** Shows a person the roles that they may use. */
  async #choice(head: RequestHead, person: ProviderPerson): Promise<HttpResponse> {
    const { assignments, region, accountId, clock, nextTurn } = this.#parts;
    const call = callFacts(head, { region, accountId, nowMs: clock.nowMs() });
    const roles = await assignments.rolesOf({ person }, call, nextTurn);
    const { code } = this.#choices.give(person, personId(person), clock.nowMs());
    return answered(200, { code, roles: roles.slice(0, rolesMax).map(({ name }) => name) });
  }

  async #withRole(
    head: RequestHead,
    person: Person,
    roleName: string,
    seconds: number,
  ): Promise<HttpResponse> {
    const nowMs = this.#parts.clock.nowMs();
    const session = roleSession(this.#parts, person, roleName, seconds, head, nowMs);
    if (session) return this.#begun(head, session);
    return this.#failed(head, 'The role cannot be used', 'You may not use this role.');
  }

  #wrongCode(head: RequestHead): Promise<HttpResponse> {
    return this.#failed(head, 'The code is not valid', wrongCode);
  }

  async #failed(head: RequestHead, problem: string, shown: string): Promise<HttpResponse> {
    const url = this.#url();
    await this.#parts.records.failed(head, { isOutside: false, problem, url });
    return refusal(403, shown);
  }

  /** Records a sign-in with a code, and gives the credentials. */
  async #begun(head: RequestHead, session: ConsoleSession): Promise<HttpResponse> {
    const { caller, name } = session;
    const attempt = { head, caller, userName: name, mfaUsed: false, isOutside: false };
    await this.#parts.records.succeeded(attempt, this.#url(), []);
    return this.#given(session);
  }

  #given({ key, caller, name }: ConsoleSession): HttpResponse {
    const { region, accountId } = this.#parts;
    return answered(200, {
      accessKeyId: key.accessKeyId,
      secretAccessKey: key.secret,
      sessionToken: key.token,
      expiration: new Date(key.expiresMs).toISOString(),
      ...{ region, accountId, name, type: caller.type },
    });
  }

  #url(): string {
    return `${this.#parts.baseUrl()}/console/`;
  }
}

const headers = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' } as const;

function answered(status: number, value: object): HttpResponse {
  return jsonResponse(status, value, headers);
}

function refusal(status: number, message: string): HttpResponse {
  return answered(status, { message });
}
