// The services that check log-ins to a broker of RabbitMQ's type.

import { assert } from '../../../base/assert.ts';
import { systemClock } from '../../../base/clock.ts';
import { FailureGatherer } from '../../../base/failure-gatherer.ts';
import type {
  DirectoryAnswer,
  LoginAttempt,
  LoginService,
  UserDirectory,
} from '../../../broker/logins/logins.ts';
import type { Users } from '../../../broker/users.ts';
import type {
  LoginServiceName,
  LoginServiceUse,
} from '../../../control/configurations/rabbitmq/login-services.ts';
import type { RabbitMqSettings } from '../../../control/configurations/rabbitmq/settings.ts';
import type { RemoteLogins, RemoteService } from './remote-logins.ts';

/** What the services need of the broker's process. */
export interface LoginServicesHost {
  /** Receives problems with services, a limited number of lines in a period. */
  readonly warn: (text: string) => void;
  /** The broker's own users; undefined before the broker is open, when nobody logs in. */
  readonly users: () => Users | undefined;
}

/** The services of a broker, which must be closed. */
export interface LoginServices {
  readonly list: readonly LoginService[];
  close(): void;
}

/**
 * Creates the services that settings name. Their code is loaded if it is needed.
 *
 * @returns undefined if only the broker's own users log in
 */
export async function loginServices(
  settings: RabbitMqSettings | undefined,
  { warn, users }: LoginServicesHost,
): Promise<LoginServices | undefined> {
  const uses = settings?.loginServices ?? [];
  if (settings === undefined || uses.every(({ authentication: name }) => name === 'internal')) {
    return undefined;
  }
  const problems = new FailureGatherer<string>((text, count) => {
    const times = count === 1 ? '' : ` (${count} times)`;
    warn(`${text ?? 'other problems with log-ins'}${times}`);
  });
  const report = (text: string) => problems.add(text, text);
  const byName = new Map<LoginServiceName, LoginService>([['internal', 'internal']]);
  const { oauth, http, ldap } = settings;
  const remote: RemoteLogins[] = [];
  if (oauth !== undefined) {
    const { OAuthLogins } = await import('./oauth-logins.ts');
    byName.set('oauth2', new OAuthLogins(oauth, report));
  }
  const add = async (name: LoginServiceName, service: RemoteService): Promise<void> => {
    const { RemoteLogins: Logins } = await import('./remote-logins.ts');
    const { cache = askEachTime } = uses.find((use) => use.authentication === name) ?? {};
    const logins = new Logins(service, cache, report);
    remote.push(logins);
    byName.set(name, logins);
  };
  if (http !== undefined) {
    const { HttpService } = await import('./http-service.ts');
    await add('http', new HttpService(http, systemClock));
  }
  if (ldap !== undefined) {
    const { LdapService } = await import('./ldap-service.ts');
    await add('ldap', new LdapService(ldap, systemClock));
  }
  return {
    list: uses.map((use) => serviceFor(use, byName, users)),
    close: () => {
      for (const logins of remote) logins.close();
      problems.flush();
    },
  };
}

const askEachTime = { keptMs: 0, keepsRefusals: false };

function serviceFor(
  { authentication, authorisation }: LoginServiceUse,
  byName: ReadonlyMap<LoginServiceName, LoginService>,
  users: () => Users | undefined,
): LoginService {
  const service = byName.get(authentication);
  assert(service !== undefined, `the log-in service ${authentication} has settings`);
  if (service === 'internal' || authorisation !== 'internal') return service;
  return new OwnRights(service, users);
}

/** Users whose log-ins another service checks, and whose rights are those of the broker's own users. */
class OwnRights implements UserDirectory {
  readonly takesTokens: boolean;
  readonly #service: UserDirectory;
  readonly #users: () => Users | undefined;

  constructor(service: UserDirectory, users: () => Users | undefined) {
    this.takesTokens = service.takesTokens === true;
    this.#service = service;
    this.#users = users;
  }

  async check(attempt: LoginAttempt): Promise<DirectoryAnswer> {
    const answer = await this.#service.check(attempt);
    if (typeof answer === 'string' || !('user' in answer)) return answer;
    const user = this.#users()?.get(answer.user.name);
    return user === undefined ? 'unknown-user' : { user };
  }
}
