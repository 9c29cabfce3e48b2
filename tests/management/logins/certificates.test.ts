import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect, credentials } from 'amqplib';
import { readRabbitMqSettings } from '../../../src/control/configurations/rabbitmq/cuttlefish.ts';
import { certificateName } from '../../../src/crypto/certificate-names.ts';
import { ClientAuthority, type ClientCertificate } from '../../support/client-certificates.ts';
import { ManagementHost } from '../management-host.ts';

// Log-ins with client certificates.

let authority: ClientAuthority;
let host: ManagementHost;

before(async () => {
  authority = await ClientAuthority.create('clients');
  const { clientCertificates, ...settings } = readRabbitMqSettings(
    `auth_mechanisms.1 = EXTERNAL
auth_mechanisms.2 = PLAIN
ssl_options.verify = verify_peer
ssl_cert_login_from = common_name
aws.arns.assume_role_arn = arn:aws:iam::123456789012:role/r
aws.arns.ssl_options.cacertfile = arn:aws:s3:::bucket/ca.pem
`,
    4,
  );
  assert.ok(clientCertificates);
  host = await ManagementHost.open('4.2', {
    ...settings,
    clientCertificates: { ...clientCertificates, authorities: authority.certificate },
  });
  await host.json('PUT', '/api/users/amy', { tags: '' });
  const all = { configure: '.*', write: '.*', read: '.*' };
  await host.json('PUT', '/api/permissions/%2F/amy', all);
});

after(() => host.close());

const url = () => `amqps://127.0.0.1:${host.broker.ports['amqps']}`;
const external = (certificate?: ClientCertificate) =>
  connect(url(), {
    ...certificate,
    ca: [host.authority],
    credentials: credentials.external(),
  });

test('a client logs in with a certificate of the authority as the user that it names', async () => {
  const model = await external(await authority.issue('CN=amy,O=example'));
  const channel = await model.createChannel();
  await channel.assertQueue('q');
  const [connection] = await host.json<{ user: string }[]>('GET', '/api/connections');
  assert.equal(connection?.user, 'amy');
  await model.close();
});

test('without a certificate, or with the name of nobody, EXTERNAL is refused and PLAIN is not', async () => {
  await assert.rejects(external(), /403 \(ACCESS[-_]REFUSED\)/);
  await assert.rejects(external(await authority.issue('CN=nobody')), /403/);
  await assert.rejects(external(await authority.issue('O=amy')), /403/);
  const own = await host.connect();
  await own.close();
});

test('a certificate of another authority is refused, whatever it says', async () => {
  const other = await ClientAuthority.create('clients');
  await assert.rejects(external(await other.issue('CN=amy')));
});

test('a user without a password does not log in with an empty one', async () => {
  await assert.rejects(connect(url().replace('//', '//amy:@'), { ca: [host.authority] }), /403/);
});

test('a mechanism that is not configured is refused', async () => {
  const amqplain = { ca: [host.authority], credentials: credentials.amqplain('admin', 'x') };
  await assert.rejects(connect(url(), amqplain));
});

test('the name of the user is read from the configured part of the certificate', async () => {
  const { cert } = await authority.issue('C=DE,O=a\\, b,CN=x\\+y,CN=second', [
    { type: 'dns', value: 'one.example' },
    { type: 'email', value: 'amy@example.com' },
    { type: 'dns', value: 'two.example' },
    { type: 'url', value: 'urn:amy' },
  ]);
  const der = Buffer.from(cert.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  const alternative = (type: 'dns' | 'email' | 'uri' | 'ip', index = 0) =>
    certificateName(der, { from: 'alternative-name', type, index });
  assert.equal(certificateName(der, { from: 'common-name' }), 'x+y,second');
  assert.equal(
    certificateName(der, { from: 'distinguished-name' }),
    'CN=second,CN=x\\+y,O=a\\, b,C=DE',
  );
  assert.deepEqual(
    [alternative('dns'), alternative('dns', 1), alternative('dns', 2)],
    ['one.example', 'two.example', undefined],
  );
  assert.deepEqual(
    [alternative('email'), alternative('uri'), alternative('ip')],
    ['amy@example.com', 'urn:amy', undefined],
  );
});
