// Connects the parts of single sign-on.

import type { KeyObject } from 'node:crypto';
import { ssoOidcService, ssoService } from '../../api/sso/service.ts';
import type { EventRecord } from '../../audit/record.ts';
import type { Service } from '../../aws/service.ts';
import type { Clock } from '../../base/clock.ts';
import { FailureGatherer } from '../../base/failure-gatherer.ts';
import type { Random } from '../../base/random.ts';
import type { Caller } from '../../calls/caller.ts';
import type { Iam } from '../../identity/accounts/iam.ts';
import type { RoleTrust } from '../../identity/federation/role-trust.ts';
import type { SignInJournal } from '../../identity/sso/sign-in-journal.ts';
import { Sso } from '../../identity/sso/sso.ts';
import type { HttpsClient } from '../../net/http/https-client.ts';
import type { Entry } from '../../storage/journal.ts';
import type { ConsoleHolder } from '../console/console-credentials.ts';
import { ConsoleSignIn } from '../console/console-sign-in.ts';
import { OneTimeCodes } from '../console/one-time-codes.ts';
import { OutsideProvider } from './outside-provider.ts';
import { SignInPages, type SignInParts } from './sign-in-pages.ts';
import { type SignInRecordParts, SignInRecords } from './sign-in-records.ts';
import type { SignInSettings } from './sign-in-settings.ts';

/** The parts that single sign-on is composed of. */
export interface SignInContext {
  readonly settings: SignInSettings;
  readonly iam: Iam;
  readonly trust: RoleTrust;
  readonly journal: SignInJournal;
  /** 256 bits, for tokens and registrations. */
  readonly key: KeyObject;
  /** The address of the API, without a path. */
  readonly apiUrl: () => string;
  readonly region: string;
  readonly accountId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly outside: HttpsClient;
  readonly log: SignInParts['log'] & SignInRecordParts['log'];
  readonly recorded: (event: EventRecord, atMs: number) => readonly Entry[];
  readonly commit: (entries: readonly Entry[]) => Promise<void>;
}

/** Single sign-on: its services, and the pages on which people sign in; and that to the console. */
export interface SignIn {
  readonly services: readonly Service[];
  readonly pages: SignInPages;
  readonly console: ConsoleSignIn;
  /** Makes a code with which a browser signs in to the web console. */
  readonly newConsoleCode: (caller: Caller) => {
    readonly code: string;
    readonly expiresMs: number;
  };
}

/** A request that was answered and not recorded, for the log. */
interface UnrecordedRequest {
  readonly action: string;
  readonly peerAddress: string;
}

/** Connects the parts of single sign-on. */
export function composeSignIn(context: SignInContext): SignIn {
  const { settings, iam, trust, journal, key, apiUrl, region, accountId } = context;
  const { clock, random, log, recorded, commit } = context;
  const baseUrl = () => settings.url ?? apiUrl();
  const sso = new Sso({ journal, key, iam, trust, random, clock });
  const outside = settings.outside && new OutsideProvider(settings.outside, context.outside, clock);
  const place = { region, accountId, clock, random, log };
  const records = new SignInRecords({ ...place, recorded, commit });
  const consoleCodes = new OneTimeCodes<ConsoleHolder>(random);
  const common = { ...place, iam, sso, outside, baseUrl, records };
  const pages = new SignInPages({ ...common, consoleCodes });
  const { assignments } = sso;
  const ofConsole = { assignments, codes: consoleCodes, providerHost: outside?.host, nextTurn };
  const console = new ConsoleSignIn({ ...common, ...ofConsole });
  const newConsoleCode = (caller: Caller) =>
    consoleCodes.give(holderOf(caller), caller.principalId, clock.nowMs());
  const accountName = () => iam.settings.alias;
  const reports = new FailureGatherer<UnrecordedRequest>((request, count) =>
    log.warn({ ...request, count }, 'requests of single sign-on are not in the audit trail'),
  );
  const notRecorded = (action: string, peerAddress: string) =>
    reports.add(`${action} ${peerAddress}`, { action, peerAddress });
  const parts = { sso, baseUrl, accountName, nextTurn, notRecorded };
  const services = [ssoOidcService(parts), ssoService(parts)];
  return { services, pages, console, newConsoleCode };
}

/** @param caller the root user or a user */
function holderOf({ type, principalId: userId }: Caller): ConsoleHolder {
  return type === 'root' ? { type } : { type: 'person', person: { type: 'user', userId } };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
