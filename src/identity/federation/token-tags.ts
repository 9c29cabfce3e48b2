// Session tags and the source identity in the claims of OIDC tokens.

import { IamError } from '../accounts/errors.ts';
import type { TagInput } from '../accounts/tags.ts';
import type { Claims } from './claim-values.ts';

/** The tags and the source identity that a token asks for. */
export interface RequestedSession {
  readonly tags: readonly TagInput[];
  readonly transitiveTagKeys: readonly string[];
  readonly sourceIdentity: string | undefined;
}

const tagsClaim = 'https://aws.amazon.com/tags';
const sourceIdentityClaim = 'https://aws.amazon.com/source_identity';
const keyForm = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u;
const valueForm = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;
const tagCountMax = 50;

/**
 * Reads the claims `https://aws.amazon.com/tags` and `https://aws.amazon.com/source_identity`.
 *
 * @throws {IamError} 'InvalidIdentityToken'
 * @see AWS IAM user guide, "Passing session tags using AssumeRoleWithWebIdentity"
 */
export function requestedSession(claims: Claims): RequestedSession {
  const { principal_tags: given, transitive_tag_keys: transitive } = objectOf(claims[tagsClaim]);
  const tags = Object.entries(objectOf(given)).map(([Key, values]) => {
    // Identity providers write a list with one value.
    const [Value = '', ...more] = [values].flat();
    if (!keyForm.test(Key) || typeof Value !== 'string' || !valueForm.test(Value)) throw wrong();
    if (more.length > 0) throw wrong();
    return { Key, Value };
  });
  const transitiveTagKeys = [transitive ?? []].flat();
  if (tags.length > tagCountMax || transitiveTagKeys.length > tagCountMax) throw wrong();
  const keys = transitiveTagKeys.filter((key) => typeof key === 'string');
  if (keys.length !== transitiveTagKeys.length) throw wrong();
  return { tags, transitiveTagKeys: keys, sourceIdentity: sourceIdentityOf(claims) };
}

function sourceIdentityOf(claims: Claims): string | undefined {
  const found = claims[sourceIdentityClaim];
  if (found === undefined) return undefined;
  if (typeof found === 'string' && /^[\w+=,.@-]{2,64}$/.test(found)) return found;
  throw new IamError(
    'InvalidIdentityToken',
    `The claim ${sourceIdentityClaim} must have 2 to 64 letters, digits and characters of _+=,.@-`,
  );
}

function objectOf(value: unknown): Claims {
  if (value === undefined) return {};
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Claims;
  throw wrong();
}

function wrong(): IamError {
  return new IamError(
    'InvalidIdentityToken',
    `The claim ${tagsClaim} must have principal_tags, an object of at most ${tagCountMax} tags with one value each, and may have transitive_tag_keys.`,
  );
}
