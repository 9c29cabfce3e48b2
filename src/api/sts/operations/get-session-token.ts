// The STS operation `GetSessionToken`.

import { AwsError } from '../../../aws/errors.ts';
import { operation } from '../../../aws/service.ts';
import { structure } from '../../../aws/shapes/shape.ts';
import { credentialsView, issued, type StsParts, secondFactor, tokenSizeView } from '../parts.ts';
import {
  credentials,
  durationSeconds,
  minimumSessionTokenSize,
  serialNumber,
  tokenCode,
  tokenSize,
} from '../shapes.ts';

const secondsDefault = 43_200;
/** The root user's sessions are short. Longer ones are not refused, as in AWS. */
const rootSecondsMax = 3600;

const output = structure({ Credentials: credentials, ...tokenSize });

/** Returns temporary credentials of the calling user, who may prove a second factor. */
export function getSessionToken(parts: StsParts) {
  return operation({
    action: 'sts:GetSessionToken',
    readOnly: true,
    input: structure({
      DurationSeconds: durationSeconds,
      SerialNumber: serialNumber,
      TokenCode: tokenCode,
      MinimumSessionTokenSize: minimumSessionTokenSize,
    }),
    output,
    // No permission is required. A policy can deny the call.
    permissions: () => [{ action: 'sts:GetSessionToken', resources: [], isGiven: true }],
    handle: (input, call) => {
      const { DurationSeconds, SerialNumber, TokenCode } = input;
      const { caller, nowMs } = call;
      const isUser = caller.type === 'user' || caller.type === 'root';
      if (!isUser || caller.temporary !== undefined) {
        throw refused('Cannot call GetSessionToken with session credentials');
      }
      const mfa = secondFactor(parts, SerialNumber, TokenCode, call);
      const seconds = DurationSeconds ?? secondsDefault;
      const isRoot = caller.type === 'root';
      const key = parts.iam.issuing.issue(
        {
          holder: isRoot ? { type: 'root' } : { type: 'user', userId: caller.principalId },
          issuedMs: nowMs,
          expiresMs: nowMs + (isRoot ? Math.min(seconds, rootSecondsMax) : seconds) * 1000,
          mfaAtMs: mfa.output,
        },
        input.MinimumSessionTokenSize,
      );
      const answered = { Credentials: credentialsView(key), ...tokenSizeView(key) };
      return issued(output, answered, mfa);
    },
  });
}

function refused(message: string): AwsError {
  return new AwsError('AccessDenied', message, { status: 403 });
}
