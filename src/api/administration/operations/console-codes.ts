// The operation `CreateConsoleCode`.

import { AwsError } from '../../../aws/errors.ts';
import { operation } from '../../../aws/service.ts';
import { required, sensitive, string, structure, timestamp } from '../../../aws/shapes/shape.ts';
import type { AdministrationParts } from '../parts.ts';

/** Returns a code with which a browser signs in to the web console as the caller, once. */
export function createConsoleCode({ newConsoleCode }: AdministrationParts) {
  return operation({
    action: 'waxwing:CreateConsoleCode',
    readOnly: false,
    http: { method: 'POST', path: '/waxwing/v1/console-codes' },
    input: structure({}),
    output: structure({
      code: required(sensitive(string())),
      expiresAt: required(timestamp('date-time')),
    }),
    handle: (_, { caller }) => {
      const isLongTerm = caller.temporary === undefined;
      if (!isLongTerm || (caller.type !== 'root' && caller.type !== 'user')) {
        throw new AwsError(
          'BadRequestException',
          'The call is signed with temporary credentials; a code needs an access key of a user or of the root user.',
        );
      }
      const { code, expiresMs } = newConsoleCode(caller);
      return { output: { code, expiresAt: expiresMs } };
    },
  });
}
