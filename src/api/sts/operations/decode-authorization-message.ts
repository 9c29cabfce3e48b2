// The STS operation `DecodeAuthorizationMessage`.

import { refusal } from '../../../aws/service.ts';
import { required, string, structure } from '../../../aws/shapes/shape.ts';
import { IamError } from '../../../identity/accounts/errors.ts';
import { onSts } from '../parts.ts';

/** Decodes nothing: refusals of this service say in clear which kind of policy decided. */
export function decodeAuthorizationMessage() {
  return refusal({
    action: 'sts:DecodeAuthorizationMessage',
    readOnly: true,
    input: structure({ EncodedMessage: required(string({ min: 1, max: 10_240 })) }),
    output: structure({ DecodedMessage: string() }),
    permissions: (_, call) => onSts('sts:DecodeAuthorizationMessage', [], call),
    refuse: () =>
      new IamError(
        'InvalidAuthorizationMessageException',
        'The message was not encoded by this service, whose refusals contain no encoded messages.',
      ),
  });
}
