// Rules for the keys of RabbitMQ configurations.

import { flag, httpsUrl, type KeyRule, oneOf, text, within } from './key-rule.ts';
import { loginServiceRules } from './login-services.ts';
import { oauthRules } from './oauth.ts';

const arn: KeyRule = {
  isAllowed: (value) => /^arn:aws[a-z-]*:(?:s3|secretsmanager|acm-pca|iam):/.test(value),
  allowed: 'an ARN of S3, Secrets Manager or IAM',
};
const verify = oneOf('verify_none', 'verify_peer');
const depth = within(0, 100);
const int32 = 2_147_483_647;

function since4(rule: KeyRule): KeyRule {
  return { ...rule, sinceMajor: 4 };
}

/** Rules by complete key. */
const keys: ReadonlyMap<string, KeyRule> = new Map(
  Object.entries({
    consumer_timeout: within(0, int32),
    heartbeat: within(60, 3600),
    'management.restrictions.operator_policy_changes.disabled': flag,
    'quorum_queue.property_equivalence.relaxed_checks_on_redeclaration': flag,
    'secure.management.http.headers.enabled': flag,

    // The maximum of the largest instance type.
    connection_max: since4(within(1, 160_000)),
    channel_max_per_node: since4(within(1, 480_000)),
    cluster_queue_limit: since4(within(1, 120_000)),
    vhost_max: since4(within(1, 1500)),
    'runtime_parameters.limits.shovel': since4(within(0, 8000)),
    cluster_exchange_limit: since4(within(1, 600_000)),
    consumer_max_per_channel: since4(within(1, 1000)),
    max_message_size: since4(within(1, 134_217_728)),

    'amqp_client.ssl_options.verify': since4(verify),
    'ssl_options.verify': since4(verify),
    'ssl_options.fail_if_no_peer_cert': since4(flag),
    'ssl_options.depth': since4(depth),
    'ssl_options.hostname_verification': since4(oneOf('wildcard', 'none')),
    ssl_cert_login_from: since4(
      oneOf('distinguished_name', 'common_name', 'subject_alternative_name'),
    ),
    ssl_cert_login_san_type: since4(oneOf('dns', 'ip', 'email', 'uri', 'other_name')),
    ssl_cert_login_san_index: since4(depth),
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
  ...loginServiceRules,
  [/^management\.oauth_.*(?:url|uri)$/, httpsUrl],
  [/^auth_http\..*_path$/, httpsUrl],
  [/^management\.oauth_/, text],
  [/^auth_http\./, text],
  [/^auth_ldap\./, text],
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
