// The HTTP requests of the sign-in pages.

import { RequestError } from '../../aws/errors.ts';
import { pairsOf } from '../../aws/parameters.ts';
import type { Clock } from '../../base/clock.ts';
import type { ServiceLog } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { Iam } from '../../identity/accounts/iam.ts';
import { asChange } from '../../identity/accounts/result.ts';
import { isRegisteredUri } from '../../identity/sso/clients.ts';
import { type Person, personId } from '../../identity/sso/person.ts';
import type { Sso } from '../../identity/sso/sso.ts';
import { digestOf } from '../../identity/sso/tokens.ts';
import type { HttpResponse, RequestHead } from '../../net/http/message.ts';
import type { RequestHandler } from '../../net/http/request-handler.ts';
import type { Entry } from '../../storage/journal.ts';
import type { ConsoleHolder } from '../console/console-credentials.ts';
import type { OneTimeCodes } from '../console/one-time-codes.ts';
import {
  BrowserFlows,
  type Flow,
  idInCookie,
  isOwnForm,
  noCookie,
  type Purpose,
  wrongCountMax,
} from './browser-flows.ts';
import { seeOther } from './html.ts';
import type { OutsideProvider } from './outside-provider.ts';
import {
  clientPage,
  codePage,
  devicePage,
  endPage,
  passwordPage,
  paths,
  problemPage,
  providerPage,
  startPage,
} from './pages.ts';
import { signInWithPassword } from './password-sign-in.ts';
import type { SignInRecords } from './sign-in-records.ts';

/** Maximum size of a form, bytes. */
const formBytesMax = 4096;
/** The parts that the pages need. */
export interface SignInParts {
  readonly iam: Iam;
  readonly sso: Sso;
  /** The provider with which people sign in; undefined if users of the account sign in. */
  readonly outside: OutsideProvider | undefined;
  /** The address of the pages: `https://localhost:8443`. */
  readonly baseUrl: () => string;
  readonly accountId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Pick<ServiceLog, 'error'>;
  readonly records: SignInRecords;
  /** The codes with which browsers sign in to the web console. */
  readonly consoleCodes: OneTimeCodes<ConsoleHolder>;
}

/** A request to a page, with its form. */
interface PageRequest {
  readonly head: RequestHead;
  readonly form: ReadonlyMap<string, string>;
  readonly nowMs: number;
}

type Answer = (request: PageRequest) => HttpResponse | Promise<HttpResponse>;

const expired =
  'This sign-in has expired, or your browser does not keep cookies. Start again from your program.';
const tooMany = 'There were too many wrong attempts. Start again from your program.';
const invalidAnswer = 'The answer of the identity provider is not valid';
const wrongCredentials = 'The user name, the password or the MFA code is wrong.';

/** Answers browsers that sign in. */
export class SignInPages {
  readonly #parts: SignInParts;
  readonly #flows: BrowserFlows;

  constructor(parts: SignInParts) {
    this.#parts = parts;
    this.#flows = new BrowserFlows(parts.random);
  }

  /** The handlers by method and path. */
  handlers(): readonly (readonly [method: string, path: string, handler: RequestHandler])[] {
    const get = (path: string, answer: Answer) => ['GET', path, this.#handler(answer)] as const;
    const post = (path: string, answer: Answer) =>
      ['POST', path, this.#handler((request) => this.#ownForm(request, answer))] as const;
    return [
      get(paths.start, () => startPage()),
      get(paths.device, (request) => this.#device(request)),
      get(paths.authorize, (request) => this.#authorize(request)),
      get(paths.console, (request) => this.#begin({ type: 'console' }, request)),
      get(paths.provider, (request) => this.#toProvider(request)),
      get(paths.callback, (request) => this.#fromProvider(request)),
      post(paths.signIn, (request) => this.#password(request)),
      post(paths.confirm, (request) => this.#confirm(request)),
    ];
  }

  #handler(answer: Answer): RequestHandler {
    return {
      bodyBytesMax: formBytesMax,
      admit: (head) => ({
        refusal: undefined,
        isProven: false,
        answer: (body) => this.#answer(head, body, answer),
      }),
      reject: () => problemPage(413, `A form may have at most ${formBytesMax} bytes.`),
    };
  }

  async #answer(head: RequestHead, body: Buffer, answer: Answer): Promise<HttpResponse> {
    try {
      const raw = head.method === 'POST' ? body.toString('utf8') : head.rawQuery;
      return await answer({ head, form: new Map(pairsOf(raw, true)), nowMs: this.#nowMs() });
    } catch (error) {
      if (error instanceof RequestError) return problemPage(400, error.message);
      this.#parts.log.error({ err: error }, 'a sign-in page failed');
      return problemPage(500, 'The service failed. Its log says why.');
    }
  }

  #nowMs(): number {
    return this.#parts.clock.nowMs();
  }

  /** Answers a form only if it belongs to the sign-in of this browser. */
  #ownForm(request: PageRequest, answer: Answer): HttpResponse | Promise<HttpResponse> {
    const { head, form } = request;
    const flow = this.#flowOf(request);
    if (flow === undefined) return problemPage(403, expired);
    const origin = head.headers.get('origin');
    const isForeign = origin !== undefined && origin !== `https://${head.headers.get('host')}`;
    if (isForeign || !isOwnForm(flow, form.get('form_token') ?? '')) {
      return problemPage(403, 'The form does not belong to this sign-in.');
    }
    return answer(request);
  }

  #flowOf({ head, nowMs }: PageRequest): Flow | undefined {
    return this.#flows.find(idInCookie(head.headers.get('cookie')), nowMs);
  }

  #begin(purpose: Purpose, { head, nowMs }: PageRequest): HttpResponse {
    return this.#signInPage(this.#flows.begin(purpose, head.peerAddress, nowMs));
  }

  #signInPage(flow: Flow, problem?: string): HttpResponse {
    const { outside } = this.#parts;
    return outside ? providerPage(flow, outside.host, problem) : passwordPage(flow, problem);
  }

  #device(request: PageRequest): HttpResponse {
    const userCode = (request.form.get('user_code') ?? '').slice(0, 16);
    return this.#begin({ type: 'device', userCode }, request);
  }

  /** The authorization endpoint. An invalid request is never sent on. @see RFC 6749, 4.1.2.1 */
  #authorize(request: PageRequest): HttpResponse {
    const { form, nowMs } = request;
    const of = (name: string) => form.get(name) ?? '';
    const client = this.#parts.sso.clients.find(of('client_id'), nowMs);
    const redirectUri = of('redirect_uri');
    if (client === undefined || !isRegisteredUri(client, redirectUri)) {
      return problemPage(400, 'The program or its redirect address is not registered.');
    }
    const isComplete =
      client.grantTypes.includes('authorization_code') &&
      of('response_type') === 'code' &&
      of('code_challenge_method') === 'S256' &&
      /^[\w-]{43}$/.test(of('code_challenge')) &&
      of('state').length <= 512;
    if (!isComplete) {
      return problemPage(400, 'The request is not valid; it needs a code challenge (PKCE, S256).');
    }
    const challenge = of('code_challenge');
    const purpose = {
      type: 'authorize',
      client: { name: client.name, digest: digestOf(client.id) },
      redirectUri,
      state: of('state'),
      challenge,
    } as const;
    return this.#begin(purpose, request);
  }

  async #password(request: PageRequest): Promise<HttpResponse> {
    const { head, form } = request;
    const flow = this.#flowOf(request);
    if (flow === undefined || this.#parts.outside !== undefined) return problemPage(403, expired);
    const { iam } = this.#parts;
    const userName = form.get('user_name') ?? '';
    const given = {
      userName,
      password: form.get('password') ?? '',
      mfaCode: (form.get('mfa_code') ?? '').replaceAll(' ', ''),
    };
    if (!this.#count(flow)) return problemPage(403, tooMany);
    const { peerAddress } = head;
    const nowMs = () => this.#nowMs();
    const found = await signInWithPassword(iam, given, peerAddress, nowMs, (person, changes) =>
      this.#recordSuccess(person, head, changes.map(asChange)),
    );
    if (typeof found !== 'string') return this.#continue(flow, found);
    const known = iam.journal.users.named(userName)?.name;
    const problem = `Failed authentication (${found})`;
    const url = this.#parts.baseUrl();
    await this.#parts.records.failed(head, { userName: known, isOutside: false, problem, url });
    return this.#signInPage(flow, passwordProblems[found]);
  }

  /** Counts an attempt. After some of them, the person must start again. */
  #count(flow: Flow): boolean {
    flow.wrongCount += 1;
    if (flow.wrongCount <= wrongCountMax) return true;
    this.#flows.end(flow);
    return false;
  }

  async #toProvider(request: PageRequest): Promise<HttpResponse> {
    const flow = this.#flowOf(request);
    const { outside } = this.#parts;
    if (flow === undefined || outside === undefined) return problemPage(403, expired);
    try {
      const { location, ...secrets } = await outside.begin(this.#callbackUrl());
      flow.outside = secrets;
      return seeOther(location);
    } catch (error) {
      this.#parts.records.report(request.head, 'the identity provider cannot be used', error);
      return problemPage(502, 'The identity provider cannot be reached. Try again later.');
    }
  }

  async #fromProvider(request: PageRequest): Promise<HttpResponse> {
    const flow = this.#flowOf(request);
    const { outside } = this.#parts;
    const secrets = flow?.outside;
    if (flow === undefined || outside === undefined || secrets === undefined) {
      return problemPage(403, expired);
    }
    // Each answer of the provider is used once.
    flow.outside = undefined;
    if (!this.#count(flow)) return problemPage(403, tooMany);
    const { head } = request;
    try {
      const returned = new URL(`${this.#callbackUrl()}?${head.rawQuery}`);
      const person = await outside.finish(returned, secrets);
      await this.#recordSuccess(person, head, []);
      return this.#continue(flow, person);
    } catch (error) {
      const url = this.#parts.baseUrl();
      const problem = invalidAnswer;
      await this.#parts.records.failed(head, { isOutside: true, problem, error, url });
      return this.#signInPage(flow, 'You could not be signed in. Try again.');
    }
  }

  #callbackUrl(): string {
    return `${this.#parts.baseUrl()}${paths.callback}`;
  }

  #continue(flow: Flow, person: Person): HttpResponse {
    const next = this.#flows.signedIn(flow, person);
    return this.#decisionPage(next, next.purpose.type === 'device' ? next.purpose.userCode : '');
  }

  /** Sends the browser to the console with a code, which only its script reads. */
  #toConsole(flow: Flow, person: Person): HttpResponse {
    this.#flows.end(flow);
    const { code } = this.#parts.consoleCodes.give(
      { type: 'person', person },
      personId(person),
      this.#nowMs(),
    );
    return seeOther(`/console/#code=${code}`, noCookie);
  }

  #recordSuccess(person: Person, head: RequestHead, changes: readonly Entry[]): Promise<void> {
    const isOutside = person.type === 'provider';
    const { iam, sso, accountId } = this.#parts;
    const userName = sso.assignments.nameOf(person);
    const caller = isOutside
      ? ({ type: 'sso-user', accountId, arn: '', principalId: personId(person), userName } as const)
      : iam.callers.signedIn(person.userId, person.mfaAtMs);
    const mfaUsed = !isOutside && person.mfaAtMs !== undefined;
    const { records, baseUrl } = this.#parts;
    return records.succeeded({ head, caller, userName, mfaUsed, isOutside }, baseUrl(), changes);
  }

  /** The page on which a person who has signed in decides. */
  #decisionPage(flow: Flow, userCode: string): HttpResponse {
    const { purpose, person } = flow;
    if (person === undefined) return this.#signInPage(flow);
    const name = this.#parts.sso.assignments.nameOf(person);
    if (purpose.type === 'authorize') return clientPage(flow, name, purpose.client.name);
    if (purpose.type === 'console') return this.#toConsole(flow, person);
    if (userCode === '') return codePage(flow);
    const device = this.#parts.sso.devices.show(userCode, person, this.#nowMs());
    if (device) return devicePage(flow, name, device);
    if (!this.#count(flow)) return problemPage(403, tooMany);
    return codePage(flow, 'The code is wrong, has expired or was used.');
  }

  #confirm(request: PageRequest): HttpResponse {
    const flow = this.#flowOf(request);
    const person = flow?.person;
    if (flow === undefined || person === undefined) return problemPage(403, expired);
    const userCode = request.form.get('user_code') ?? '';
    const decision = request.form.get('decision');
    if (decision !== 'allow' && decision !== 'deny') return this.#decisionPage(flow, userCode);
    if (flow.purpose.type === 'authorize') {
      this.#flows.end(flow);
      return seeOther(this.#returnUrl(flow.purpose, person, decision));
    }
    const { devices } = this.#parts.sso;
    const isDecided = devices.decide(userCode, person, decision === 'allow', request.nowMs);
    if (!isDecided) return this.#decisionPage(flow, userCode);
    this.#flows.end(flow);
    return endPage(decision === 'allow');
  }

  /** The address on the person's machine to which the browser is sent back. */
  #returnUrl(
    { client, redirectUri, state, challenge }: Extract<Purpose, { type: 'authorize' }>,
    person: Person,
    decision: 'allow' | 'deny',
  ): string {
    const url = new URL(redirectUri);
    if (decision === 'allow') {
      const grant = { clientDigest: client.digest, redirectUri, challenge, person };
      url.searchParams.set('code', this.#parts.sso.codes.give(grant, this.#nowMs()));
    } else url.searchParams.set('error', 'access_denied');
    if (state !== '') url.searchParams.set('state', state);
    return url.href;
  }
}

const passwordProblems = {
  wrong: wrongCredentials,
  busy: 'Too many passwords are being checked; try again in a moment.',
  outdated: 'Your password has expired or must be changed. Ask an administrator for a new one.',
} as const;
