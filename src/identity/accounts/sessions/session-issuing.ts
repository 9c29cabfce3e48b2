// Issuing of temporary credentials.

import type { Random } from '../../../base/random.ts';
import { newAccessKeyId, newSecretAccessKey } from '../../identifiers.ts';
import { IamError } from '../errors.ts';
import { checkDocument } from '../policies/documents.ts';
import type { ManagedPolicies } from '../policies/managed-policies.ts';
import type { SessionRecord } from './session-record.ts';
import { packedPercent, type SessionTokens } from './session-tokens.ts';

/** Maximum total length of session policies and the ARNs of managed ones, characters. */
const policyCharactersMax = 2048;

/** Temporary credentials, which are returned once and stored nowhere. */
export interface TemporaryKey {
  readonly accessKeyId: string;
  readonly secret: string;
  readonly token: string;
  readonly expiresMs: number;
  /** Percent of the room that session policies and tags take; undefined if there are none. */
  readonly packedPercent: number | undefined;
}

/** The parts that issuing needs. */
interface IssuingParts {
  readonly tokens: SessionTokens;
  readonly policies: ManagedPolicies;
  readonly random: Random;
}

/** Issues temporary credentials. */
export class SessionIssuing {
  readonly #parts: IssuingParts;

  constructor(parts: IssuingParts) {
    this.#parts = parts;
  }

  /**
   * Issues the credentials of a session.
   *
   * @param sizeMin the minimum length of the token
   * @throws {IamError} 'MalformedPolicyDocument', 'PackedPolicyTooLarge'
   */
  issue(session: Omit<SessionRecord, 'accessKeyId' | 'secret'>, sizeMin?: number): TemporaryKey {
    this.#checkPolicies(session);
    const percent = packedPercent(session);
    const { tokens, random } = this.#parts;
    const accessKeyId = newAccessKeyId(random, 'ASIA');
    const secret = newSecretAccessKey(random);
    const token = tokens.seal({ ...session, accessKeyId, secret }, sizeMin);
    return { accessKeyId, secret, token, expiresMs: session.expiresMs, packedPercent: percent };
  }

  #checkPolicies({ policy, policyArns = [] }: Pick<SessionRecord, 'policy' | 'policyArns'>): void {
    if (policy !== undefined) checkDocument(policy, 'session');
    const size = (policy?.length ?? 0) + policyArns.join('').length;
    if (size > policyCharactersMax) {
      throw new IamError(
        'PackedPolicyTooLarge',
        `Session policies have ${size} characters; ${policyCharactersMax} are allowed.`,
      );
    }
    for (const arn of policyArns) {
      if (this.#parts.policies.find(arn)) continue;
      throw new IamError('MalformedPolicyDocument', `The session policy ${arn} does not exist.`);
    }
  }
}
