// The STS operation `DecodeAuthorizationMessage`.

import { operation } from '../../../aws/service.ts';
import { required, string, structure } from '../../../aws/shapes/shape.ts';
import { IamError } from '../../../identity/accounts/errors.ts';
import { encodedCharactersMax } from '../../../identity/authorization-messages.ts';
import { onSts, type StsParts } from '../parts.ts';

/** Decodes why a call was refused, from the header of the refusal. */
export function decodeAuthorizationMessage({ iam }: StsParts) {
  return operation({
    action: 'sts:DecodeAuthorizationMessage',
    readOnly: true,
    input: structure({ EncodedMessage: required(string({ min: 1, max: encodedCharactersMax })) }),
    output: structure({ DecodedMessage: string() }),
    permissions: (_, call) => onSts('sts:DecodeAuthorizationMessage', [], call),
    handle: ({ EncodedMessage }) => {
      const decoded = iam.messages.decode(EncodedMessage);
      if (decoded === undefined) {
        throw new IamError(
          'InvalidAuthorizationMessageException',
          'Message could not be decoded because it was not encoded by this service.',
        );
      }
      // The trail of a read-only call of STS shows its response. This one tells about other callers.
      return { output: { DecodedMessage: decoded }, auditResponse: null };
    },
  });
}
