// `docs/guides/rabbitmq-users.md`: clients that log in with a token, and users of a directory.

import assert from 'node:assert/strict';
import { AmqpClient } from '../../support/amqp-client.ts';
import {
  service as account,
  LdapAuthority,
  LdapServer,
  passwordOf,
} from '../../support/ldap-server.ts';
import { readPage } from '../markdown.ts';
import { startProvider } from './outside.ts';
import { Stage } from './stage.ts';

/** The page. */
export const page = 'docs/guides/rabbitmq-users.md';

/** Creates a broker with the name that the page uses. */
const createBroker = `
aws mq create-broker --broker-name orders --engine-type RABBITMQ --engine-version 4.2 \\
  --deployment-mode SINGLE_INSTANCE --host-instance-type mq.m7g.medium --no-publicly-accessible \\
  --auto-minor-version-upgrade --users Username=app,Password=correct-horse-9
until waxwing status; do sleep 1; done
`;

/** Tokens of a provider: the page's configuration is given to a broker, and a token is its password. */
export async function tokensPage(update: string, logIn: string): Promise<void> {
  const stage = await Stage.open('login.example.com');
  const provider = await startProvider(stage, 'https://login.example.com/realms/main');
  const token = await provider.issuer.buildToken({
    scopesOrTransform: (_, payload) => {
      Object.assign(payload, { aud: 'rabbitmq', sub: 'shop', scope: 'rabbitmq.configure:*/*' });
    },
  });
  const service = await stage.serve('waxwing serve --oidc-ca-file stage-ca.pem');
  const [configure = ''] = readPage(page).blocks.map(({ text }) => text);
  const wait = 'until waxwing status; do sleep 1; done\n';
  await stage.succeed(`${createBroker}${configure}\n${update}\n${wait}${logIn}`, {
    ...(await service.environment()),
    TOKEN: token,
  });
  await service.stop();
  await provider.stop();
}

/** A directory: the page's configuration is given to a broker, and a user of the directory logs in. */
export async function directoryPage(serve: string): Promise<void> {
  const name = 'ldap.example.com';
  const stage = await Stage.open(name);
  const authority = await LdapAuthority.create(name);
  const server = await LdapServer.start(name, 636, authority);
  stage.write('ldap-ca.pem', authority.certificate);
  const service = await stage.serve(serve.replace('the password of the account', account.password));
  const configuration = readPage(page).blocks.find(({ text }) => text.includes('auth_ldap'));
  assert.ok(configuration);
  // The account of the test's directory has another name.
  const shown = 'cn=broker,dc=example,dc=com';
  assert.ok(configuration.text.includes(shown));
  stage.write('ldap.conf', configuration.text.replace(shown, account.name));
  await stage.succeed(
    `${createBroker}
ID=$(aws mq create-configuration --name ldap --engine-type RABBITMQ --engine-version 4.2 --query Id --output text)
aws mq update-configuration --configuration-id $ID --data "$(base64 -w0 ldap.conf)"
BROKER=$(aws mq list-brokers --query "BrokerSummaries[?BrokerName=='orders'].BrokerId" --output text)
aws mq update-broker --broker-id $BROKER --configuration Id=$ID,Revision=2
aws mq reboot-broker --broker-id $BROKER
until waxwing status > brokers.txt; do sleep 1; done`,
    await service.environment(),
  );
  const [, address = ''] = /^orders .*amqps:\/\/(\S+)/m.exec(stage.read('brokers.txt')) ?? [];
  const ca = stage.read('waxwing-data/ca.pem');
  const connect = (password: string) =>
    AmqpClient.connect(`amqps://amy:${encodeURIComponent(password)}@${address}`, ca);
  await assert.rejects(connect('not this one'), /403|ACCESS_REFUSED/);
  await (await connect(passwordOf('amy'))).close();
  await service.stop();
  await server.remove();
}
