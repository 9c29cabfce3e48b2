// Options that have an effect only beside another one.

import type { Command } from 'commander';
import { ServerError } from '../../server/errors.ts';

/** By the option that is needed: the beginnings of the names of those that need it. */
const dependents: Readonly<Record<string, readonly string[]>> = {
  '--acme-directory': ['--acme-'],
  '--audit-anchor': ['--audit-anchor-'],
  '--hosts-port': ['--host-lease-seconds', '--replace-lost-hosts-after'],
  '--remote-kms-region': ['--remote-kms-'],
  '--sso-issuer': ['--sso-client-', '--sso-scopes'],
  '--trail-s3-buckets': ['--trail-s3-'],
};

/**
 * Refuses an option without effect: its user expects one. Default values do not count.
 *
 * @throws {ServerError} `setting-invalid`
 */
export function checkDependentOptions(command: Command): void {
  const isSet = (attribute: string) =>
    ['cli', 'env'].includes(command.getOptionValueSource(attribute) ?? '');
  const set = command.options.filter((option) => isSet(option.attributeName()));
  const names = set.flatMap(({ long }) => long ?? []);
  for (const [needed, prefixes] of Object.entries(dependents)) {
    if (names.includes(needed)) continue;
    const name = names.find((each) => prefixes.some((prefix) => each.startsWith(prefix)));
    if (name === undefined) continue;
    throw new ServerError('setting-invalid', `${name} is set, but ${needed} is not`);
  }
}
