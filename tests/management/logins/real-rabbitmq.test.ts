import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { planeCertificates } from '../../support/certificates.ts';
import { IdentityProvider } from '../../support/identity-provider.ts';
import { isLong } from '../../support/proof.ts';
import { missing, RealRabbitMq } from '../real-rabbitmq.ts';
import { expectedOf, outcomeOf } from './run-cases.ts';
import { allRights, oauthConfiguration, tokenCases } from './token-cases.ts';

// The same tokens, configuration and actions with a real RabbitMQ.

/** RabbitMQ names the right in these texts since 3.11; Debian's is older. */
const olderText = (text: string | undefined) =>
  text?.replace(/(?:configure|write|read) (access to (?:queue|exchange|topic) )/, '$1');

test('tokens permit in RabbitMQ what the cases say', {
  skip: isLong ? (missing ?? false) : 'only in long runs',
}, async () => {
  const provider = await IdentityProvider.start();
  const { authority } = await planeCertificates();
  const rabbitMq = await RealRabbitMq.start(['rabbitmq_auth_backend_oauth2'], (folder) => {
    const file = join(folder, 'authority.pem');
    writeFileSync(file, authority, { mode: 0o644 });
    const keysUrl = `${provider.url}/keys`;
    return `${oauthConfiguration(keysUrl)}auth_oauth2.https.cacertfile = ${file}\n`;
  });
  try {
    const broker = {
      url: rabbitMq.url,
      authority: '',
      token: (claims: Readonly<Record<string, unknown>>) =>
        provider.token(Date.now(), { ...allRights, ...claims }),
    };
    const found: unknown[] = [];
    for (const each of tokenCases) found.push([each.name, await outcomeOf(broker, each)]);
    assert.deepEqual(
      found,
      tokenCases.map((each) => [each.name, expectedOf(each).map(olderText)]),
    );
  } finally {
    await rabbitMq.stop();
    await provider.close();
  }
});
