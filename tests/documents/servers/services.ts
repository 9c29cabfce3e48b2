// Pages whose snippets start a service with other settings, or beside other servers.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import S3rver from 's3rver';
import { AmqpClient } from '../../support/amqp-client.ts';
import { Browser } from '../../support/browser.ts';
import { httpsRequest } from '../../support/https-request.ts';
import { until } from '../../support/processes.ts';
import { startPebble, startProvider, startTimeStamps } from './outside.ts';
import { Stage } from './stage.ts';

type Snippets = readonly string[];

/** Whether a service is ready for clients of a name that trust an authority. */
async function isReady(servername: string, ca: string): Promise<boolean> {
  const { status } = await httpsRequest({ port: 8443, servername, ca, path: '/health/ready' });
  return status === 200;
}

/** `docs/guides/hosting-for-others.md`: a certificate of one's own, and one by ACME. */
export async function hostingPage([files = '', acme = '']: Snippets): Promise<void> {
  const name = 'mq.example.com';
  const stage = await Stage.open(name);
  const { certificate, privateKey } = await stage.certificate();
  stage.write('/etc/waxwing/fullchain.pem', `${certificate}${stage.ca}`);
  stage.write('/etc/waxwing/privkey.pem', privateKey);
  const service = await stage.serve(files);
  assert.ok(await isReady(name, stage.ca));
  assert.match(
    await stage.succeed('waxwing status'),
    /amqps:\/\/([\w-]+\.)*mq\.example\.com:5671$/m,
  );
  await service.stop();

  const other = await Stage.open(name, 'acme-v02.api.letsencrypt.org');
  const authority = await startPebble(other, 'acme-v02.api.letsencrypt.org');
  const second = await other.serve(acme, other.trusting);
  const issued = () => isReady(name, authority).catch(() => false);
  await until('a certificate by ACME', issued, 60_000);
  await second.stop();
}

/** `docs/operate/install.md`: clients on other machines. */
export async function installPage([serve = '']: Snippets): Promise<void> {
  const stage = await Stage.open('mq.example.com');
  const service = await stage.serve(serve);
  assert.match(await stage.succeed('waxwing status'), /amqps:\/\/mq\.example\.com:5671$/m);
  const { WAXWING_AMQP_URL: local = '' } = await service.environment();
  const url = local.replace('@localhost', '@mq.example.com');
  const client = await AmqpClient.connect(url, stage.read('waxwing-data/ca.pem'));
  await client.publish('from-others', ['one more']);
  assert.deepEqual(await client.take('from-others'), ['one more']);
  await client.close();
  await service.stop();
}

/** `docs/guides/keep-names-free-of-personal-data.md`: a call that is refused. */
export async function namesPage([serve = '', call = '']: Snippets): Promise<void> {
  const stage = await Stage.open('mq.example.com');
  const service = await stage.serve(serve);
  const { code, stderr } = await stage.run(call, await service.environment());
  assert.ok(code !== 0);
  const said = stderr.trim().replaceAll(/\s+/g, ' ');
  assert.equal(
    said,
    'An error occurred (ValidationException) when calling the CreateKey operation: Personal or secret data ' +
      'was found: email in description. Names, descriptions and tags must not contain it.',
  );
  await service.stop();
}

/** `docs/guides/single-sign-on.md`: the service sends a browser to the provider. */
export async function singleSignOnPage([serve = '']: Snippets): Promise<void> {
  const stage = await Stage.open('login.example.com');
  await startProvider(stage, 'https://login.example.com/realms/shop');
  stage.write('/etc/waxwing/sso-secret', randomBytes(24).toString('base64'));
  const service = await stage.serve(serve, stage.trusting);
  const ca = stage.read('waxwing-data/api-ca.pem');
  const browser = new Browser(`${ca}${stage.ca}`);
  const first = await browser.open('https://localhost:8443/sso/console');
  assert.match(first.text, /Continue to login\.example\.com/);
  await browser.click(first, '/sso/provider');
  await service.stop();
}

/** `docs/reference/cloudtrail.md`: a bucket outside, and time stamps. */
export async function trailPage([serve = '', create = '', verify = '']: Snippets): Promise<void> {
  const stage = await Stage.open('s3.example.com');
  stage.write('ca.pem', stage.ca);
  const store = new S3rver({
    silent: true,
    vhostBuckets: false,
    directory: `${stage.folder.root}/s3`,
    configureBuckets: [{ name: 'audit-archive', configs: [] }],
  });
  await store.configureBuckets();
  const answer = store.callback();
  await stage.listen(443, (request, response) => void answer(request, response));
  const keys = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' };
  const service = await stage.serve(serve, keys);
  assert.match(await stage.succeed(create), /"S3BucketName": "audit-archive"/);
  await service.stop();

  const other = await Stage.open('tsa.example.com');
  const url = await startTimeStamps(other);
  const options = `--audit-anchor ${url} --audit-anchor-type rfc3161 --trail-digest-seconds 1`;
  const stamped = await other.serve(`waxwing serve ${options}`);
  await other.succeed(`waxwing aws cloudtrail create-trail --name audit --s3-bucket-name audit --enable-log-file-validation
waxwing aws cloudtrail start-logging --name audit`);
  let said = '';
  const verified = async () => {
    const { stdout, stderr } = await other.run(verify);
    said = `${stdout}${stderr}`;
    return said.includes('Verification: OK');
  };
  await until(() => `a time stamp is verified: ${said} ${stamped.output}`, verified, 60_000);
  await stamped.stop();
}
