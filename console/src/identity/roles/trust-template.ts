// Templates for the trust policies of new roles.

/** Whom a role trusts at first. */
export type Trusted = 'users' | 'provider';

/**
 * A trust policy with indentation.
 *
 * @param provider the ARN of an OIDC provider, whose tokens must be for a client that the person names
 */
export function trustTemplate(trusted: Trusted, accountId: string, provider: string): string {
  const Statement =
    trusted === 'users'
      ? {
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${accountId}:root` },
          Action: 'sts:AssumeRole',
        }
      : {
          Effect: 'Allow',
          Principal: { Federated: provider },
          Action: 'sts:AssumeRoleWithWebIdentity',
          Condition: {
            StringEquals: {
              [`${providerName(provider)}:aud`]: 'CLIENT',
              [`${providerName(provider)}:sub`]: 'SUBJECT',
            },
          },
        };
  return JSON.stringify({ Version: '2012-10-17', Statement: [Statement] }, null, 2);
}

/** The URL of a provider without its scheme, with which its condition keys begin. */
function providerName(arn: string): string {
  return arn.replace(/^arn:[^/]*:oidc-provider\//, '');
}
