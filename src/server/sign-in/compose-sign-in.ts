// Connects the parts of single sign-on.

import type { KeyObject } from 'node:crypto';
import { ssoOidcService, ssoService } from '../../api/sso/service.ts';
import type { EventRecord } from '../../audit/record.ts';
import type { Service } from '../../aws/service.ts';
import type { Clock } from '../../base/clock.ts';
import { FailureGatherer } from '../../base/failure-gatherer.ts';
import type { Random } from '../../base/random.ts';
import type { Iam } from '../../identity/accounts/iam.ts';
import type { RoleTrust } from '../../identity/federation/role-trust.ts';
import type { SignInJournal } from '../../identity/sso/sign-in-journal.ts';
import { Sso } from '../../identity/sso/sso.ts';
import type { HttpsClient } from '../../net/http/https-client.ts';
import type { Entry } from '../../storage/journal.ts';
import { OutsideProvider } from './outside-provider.ts';
import { SignInPages, type SignInParts } from './sign-in-pages.ts';
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
  readonly log: SignInParts['log'];
  readonly recorded: (event: EventRecord, atMs: number) => readonly Entry[];
  readonly commit: (entries: readonly Entry[]) => Promise<void>;
}

/** Single sign-on: its services, and the pages on which people sign in. */
export interface SignIn {
  readonly services: readonly Service[];
  readonly pages: SignInPages;
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
  const common = { iam, sso, outside, baseUrl, region, accountId };
  const pages = new SignInPages({ ...common, clock, random, log, recorded, commit });
  const accountName = () => iam.settings.alias;
  const reports = new FailureGatherer<UnrecordedRequest>((request, count) =>
    log.warn({ ...request, count }, 'requests of single sign-on are not in the audit trail'),
  );
  const notRecorded = (action: string, peerAddress: string) =>
    reports.add(`${action} ${peerAddress}`, { action, peerAddress });
  const parts = { sso, baseUrl, accountName, nextTurn, notRecorded };
  return { services: [ssoOidcService(parts), ssoService(parts)], pages };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
