// Rules for the keys of RabbitMQ configurations.

import { limitRules } from './broker-limits.ts';
import { certificateRules, mechanismRules } from './client-certificates.ts';
import { httpRules } from './http.ts';
import { flag, httpsUrl, type KeyRule, oneOf, text, within } from './key-rule.ts';
import { ldapRules } from './ldap.ts';
import { loginServiceRules } from './login-services.ts';
import { oauthRules } from './oauth.ts';
import { protocolRules } from './optional-protocols.ts';

const arn: KeyRule = {
  isAllowed: (value) => /^arn:aws[a-z-]*:(?:s3|secretsmanager|acm-pca|iam):/.test(value),
  allowed: 'an ARN of S3, Secrets Manager or IAM',
};
const verify = oneOf('verify_none', 'verify_peer');
const depth = within(0, 100);

function since4(rule: KeyRule): KeyRule {
  return { ...rule, sinceMajor: 4 };
}

/** Rules by complete key. */
const keys: ReadonlyMap<string, KeyRule> = new Map(
  Object.entries({
    ...limitRules,
    'management.restrictions.operator_policy_changes.disabled': flag,
    'secure.management.http.headers.enabled': flag,

    'amqp_client.ssl_options.verify': since4(verify),
    ...certificateRules,
    'management.ssl.verify': since4(verify),
    'management.ssl.depth': since4(depth),
    'management.ssl.hostname_verification': since4(oneOf('wildcard', 'none')),

    'aws.arns.assume_role_arn': arn,
    'aws.arns.ssl_options.cacertfile': arn,
    'aws.arns.ssl_options.certfile': arn,
    'aws.arns.ssl_options.keyfile': arn,
    'aws.arns.management.ssl.cacertfile': arn,
    'aws.arns.management.ssl.certfile': arn,
    'aws.arns.management.ssl.keyfile': arn,
    'aws.arns.management.oauth_client_secret': arn,
    'aws.arns.auth_oauth2.https.cacertfile': arn,
    'aws.arns.auth_http.ssl_options.cacertfile': arn,
    'aws.arns.auth_http.ssl_options.certfile': arn,
    'aws.arns.auth_http.ssl_options.keyfile': arn,
    'aws.arns.auth_ldap.ssl_options.cacertfile': arn,
    'aws.arns.auth_ldap.ssl_options.certfile': arn,
    'aws.arns.auth_ldap.ssl_options.keyfile': arn,
    'aws.arns.auth_ldap.dn_lookup_bind.password': arn,
    'aws.arns.auth_ldap.other_bind.password': arn,
  }),
);

/** The keys without a part that the user chooses. */
export const exactKeys: readonly string[] = [...keys.keys()];

/** Rules by prefix, for keys with a part that the user chooses. */
const families: readonly (readonly [begin: RegExp, rule: KeyRule])[] = [
  [/^aws\.arns\.auth_oauth2\.oauth_providers\.[\w$-]+\.https\.cacertfile$/, arn],
  ...oauthRules,
  ...httpRules,
  ...ldapRules,
  ...loginServiceRules,
  ...mechanismRules,
  ...protocolRules,
  [/^management\.oauth_.*(?:url|uri)$/, httpsUrl],
  [/^management\.oauth_/, text],
];

/** Keys that contain a secret or a file name on the broker's machine. */
const forbidden: readonly RegExp[] = [
  /^auth_oauth2\.https\.cacertfile$/,
  /^auth_oauth2\.oauth_providers\.[^.]+\.https\.cacertfile$/,
  /^auth_oauth2\.signing_keys\./,
  /^management\.oauth_client_secret$/,
  /^management\.oauth_resource_servers\.[^.]+\.oauth_client_secret$/,
  /^auth_(?:http|ldap)\.ssl_options\.(?:cacertfile|certfile|keyfile|password)$/,
  /^auth_ldap\.(?:dn_lookup_bind|other_bind)\.password$/,
];

/** Whether a key is not permitted although its prefix has a rule. */
export function isForbidden(key: string): boolean {
  return forbidden.some((pattern) => pattern.test(key));
}

/** Returns the rule of a key; undefined if the key does not exist. */
export function keyRule(key: string): KeyRule | undefined {
  return keys.get(key) ?? families.find(([begin]) => begin.test(key))?.[1];
}
