// Reports of log-ins that succeeded, and of actions that users were not permitted to do.

import { sourceOf, withoutPort } from '../../../base/address.ts';
import { printable } from '../../../base/byte-text.ts';
import { FailureGatherer } from '../../../base/failure-gatherer.ts';
import type { SuccessfulLogin } from '../../../broker/logins/logins.ts';
import type { Access } from '../../../broker/users.ts';
import type { ReportedAccess } from '../../../control/engine.ts';

/** Maximum length of the text of a refusal, characters. It contains names that clients chose. */
const textLengthMax = 512;

interface Denial {
  readonly access: Pick<Access, 'user'>;
  readonly text: string;
}

/**
 * Reports log-ins and refused actions with a bounded number of reports: the first ones of ten seconds
 * one by one, and the others as counts by user, source and action.
 */
export class AccessReports {
  readonly #logins: FailureGatherer<SuccessfulLogin>;
  readonly #denials: FailureGatherer<Denial>;

  /**
   * @param report called with each report
   * @param peerOf returns the address of the connection of a user; undefined if it has ended
   */
  constructor(
    report: (access: ReportedAccess) => void,
    peerOf: (access: object) => string | undefined,
  ) {
    this.#logins = new FailureGatherer((login, count) =>
      report({
        kind: 'login',
        user: login?.user,
        peerAddress: login?.peerAddress,
        protocol: login?.protocol,
        text: undefined,
        count,
      }),
    );
    this.#denials = new FailureGatherer((denial, count) =>
      report({
        kind: 'denial',
        user: denial?.access.user,
        peerAddress: denial && peerOf(denial.access),
        protocol: undefined,
        text: denial?.text,
        count,
      }),
    );
  }

  /** A user has logged in. */
  loggedIn(login: SuccessfulLogin): void {
    const { user, peerAddress, protocol } = login;
    const source = sourceOf(withoutPort(peerAddress));
    this.#logins.add(JSON.stringify([user, source, protocol]), login);
  }

  /** A user was not permitted to do something. */
  denied(access: Pick<Access, 'user'>, text: string): void {
    const shown = printable(text).slice(0, textLengthMax);
    this.#denials.add(JSON.stringify([access.user, shown]), { access, text: shown });
  }

  /** Reports what was counted. Call it at the end. */
  flush(): void {
    this.#logins.flush();
    this.#denials.flush();
  }
}
