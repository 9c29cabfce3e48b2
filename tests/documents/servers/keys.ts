// Pages whose services have keys elsewhere: on a token, in a file, in the KMS of another service.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Waxwing } from '../../support/waxwing.ts';
import { relayTo } from './outside.ts';
import { Stage } from './stage.ts';

const region = 'eu-central-1';
const account = '111122223333';
/** As the pages name it: the id of the key that is there takes its place. */
const shownKey = '1234abcd-12ab-34cd-56ef-1234567890ab';
const kmsName = `kms.${region}.amazonaws.com`;

/** Another service, in place of AWS KMS, with a key and the role of the pages. */
class OtherKms {
  readonly keyId: string;
  /** The credentials of a session of the role. */
  readonly credentials: Readonly<Record<string, string>>;
  readonly #waxwing: Waxwing;

  private constructor(waxwing: Waxwing, keyId: string, credentials: Record<string, string>) {
    this.#waxwing = waxwing;
    this.keyId = keyId;
    this.credentials = credentials;
  }

  static async start(stage: Stage): Promise<OtherKms> {
    const waxwing = await Waxwing.start({
      args: ['--no-default-broker', '--region', region, '--account-id', account],
    });
    const { AWS_ENDPOINT_URL: url = '' } = waxwing.environment;
    await stage.listen(443, relayTo(url, { ca: waxwing.ca }));
    const made = await stage.succeed(setUp, { DATA: waxwing.folder.data });
    const [keyId = '', id = '', secret = '', token = ''] = made.trim().split(/\s+/).slice(-4);
    return new OtherKms(waxwing, keyId, {
      AWS_ACCESS_KEY_ID: id,
      AWS_SECRET_ACCESS_KEY: secret,
      AWS_SESSION_TOKEN: token,
    });
  }

  /** A snippet with the key that is there. */
  withKey(snippet: string): string {
    assert.ok(snippet.includes(shownKey));
    return snippet.replaceAll(shownKey, this.keyId);
  }

  remove(): Promise<void> {
    return this.#waxwing.remove();
  }
}

/** Prints the id of a key, and what a session of the role has. */
const setUp = `
aws() { waxwing aws --data "$DATA" "$@" --output text; }
ROLE=arn:aws:iam::${account}:role/waxwing
USER=$(aws iam create-user --user-name installer --query User.Arn)
aws iam create-role --role-name waxwing --query Role.Arn --assume-role-policy-document '{
  "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
  "Principal": {"AWS": "'$USER'"}}]}'
aws iam put-role-policy --role-name waxwing --policy-name kms --policy-document '{
  "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", "Action": ["kms:DescribeKey",
  "kms:CreateGrant", "kms:ListGrants", "kms:RetireGrant", "kms:GenerateDataKeyWithoutPlaintext", "kms:Decrypt",
  "kms:GenerateDataKey"]}]}'
read -r ID SECRET < <(aws iam create-access-key --user-name installer \\
  --query 'AccessKey.[AccessKeyId, SecretAccessKey]')
aws kms create-key --query KeyMetadata.KeyId
eval "$(waxwing env --data "$DATA")"
export AWS_ACCESS_KEY_ID=$ID AWS_SECRET_ACCESS_KEY=$SECRET
command aws sts assume-role --role-arn $ROLE --role-session-name service \\
  --output text --query 'Credentials.[AccessKeyId, SecretAccessKey, SessionToken]'
`;

/** `docs/operate/remote-kms.md`: a broker with a key of the other KMS. */
export async function remoteKmsPage([serve = '', create = '']: readonly string[]): Promise<void> {
  const stage = await Stage.open(kmsName);
  const kms = await OtherKms.start(stage);
  const service = await stage.serve(serve, { ...kms.credentials, ...stage.trusting });
  const printed = await stage.succeed(kms.withKey(create).replace('eval "$(waxwing env)"', ''), {
    ...(await service.environment()),
  });
  assert.match(printed, /^orders +RUNNING/m);
  await service.stop();
  await kms.remove();
}

/** `docs/operate/root-key.md`: a token, a key of the other KMS, and a change to a passphrase. */
export async function rootKeyPage([token = '', aws = '', change = '']: readonly string[]) {
  const stage = await Stage.open(kmsName);
  const env = JSON.parse(process.env['WAXWING_TEST_TOKEN'] ?? '{}') as Record<string, string>;
  stage.write('/etc/waxwing/pin', readFileSync(env['PIN_FILE'] ?? ''));
  await (await stage.serve(token, env)).stop();
  assert.match(
    await stage.succeed('waxwing root-key show', rootKeyOf(token, env)),
    /PKCS#11 token, hsm: waxwing/,
  );

  stage.write('/etc/waxwing/passphrase', 'a passphrase of the page\n');
  assert.match(await stage.succeed(change, rootKeyOf(token, env)), /passphrase/);
  const [, source = ''] = /root-key change (\S+)/.exec(change) ?? [];
  await (await stage.serve(`WAXWING_ROOT_KEY=${source} waxwing serve`)).stop();

  const other = await Stage.open(kmsName);
  const kms = await OtherKms.start(other);
  const service = await other.serve(kms.withKey(aws), { ...kms.credentials, ...other.trusting });
  await service.stop();
  await kms.remove();
}

/** The variables of a snippet that names a root key, for other commands. */
function rootKeyOf(snippet: string, env: Readonly<Record<string, string>>) {
  const [, source = ''] = /^WAXWING_ROOT_KEY='([^']+)'/.exec(snippet) ?? [];
  return { ...env, WAXWING_ROOT_KEY: source };
}
