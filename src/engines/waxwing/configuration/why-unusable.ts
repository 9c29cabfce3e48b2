// Whether brokers of ActiveMQ's type can run with a configuration.

import { WaxwingError } from '../../../base/errors.ts';
import { readAuthorisation, readDirectoryRights } from './authorisation.ts';
import { readBroker } from './elements.ts';

/**
 * Why a broker cannot run with a stored configuration; undefined if it can.
 *
 * @param hasDirectory whether the broker has an LDAP server
 */
export function whyUnusable(text: string, hasDirectory: boolean): string | undefined {
  try {
    const broker = readBroker(text);
    readAuthorisation(broker, [], () => {});
    readDirectoryRights(broker, hasDirectory);
    return undefined;
  } catch (error) {
    if (error instanceof WaxwingError) return error.message;
    throw error;
  }
}
