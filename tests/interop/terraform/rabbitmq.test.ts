import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { administrator, ManagementHost } from '../../management/management-host.ts';
import { isLong } from '../../support/proof.ts';
import { reasonToSkip, Terraform } from './terraform.ts';

// Terraform's provider for RabbitMQ, which is not downloaded: create, plan without changes, change in
// place, import, destroy.

const skip = isLong
  ? await reasonToSkip('cyrilgdn/rabbitmq')
  : 'it runs Terraform: only in long runs';

let host: ManagementHost;
let folder: string;

before(async () => {
  if (skip !== false) return;
  host = await ManagementHost.open();
  folder = mkdtempSync(join(tmpdir(), 'waxwing-terraform-rabbitmq-'));
  writeFileSync(join(folder, 'ca.pem'), host.authority);
});

after(async () => {
  if (skip !== false) return;
  await host.close();
  rmSync(folder, { recursive: true });
});

/** The resources whose identifiers Terraform imports, and that identifier. */
const imported = {
  'rabbitmq_vhost.shop': 'shop/eu',
  'rabbitmq_permissions.app': 'app@shop/eu',
  'rabbitmq_topic_permissions.app': 'app@shop/eu',
  'rabbitmq_exchange.topics': 'topics@shop/eu',
  'rabbitmq_queue.safe': 'safe@shop/eu',
  'rabbitmq_policy.limits': 'limits@shop/eu',
  'rabbitmq_operator_policy.bounds': 'bounds@shop/eu',
  'rabbitmq_shovel.move': 'move@shop/eu',
};

test('Terraform manages a virtual host and all in it without plan differences', {
  skip,
}, async () => {
  const [name = '', password = ''] = administrator.split(':');
  const terraform = new Terraform({
    RABBITMQ_ENDPOINT: `https://localhost:${host.managementPort}`,
    RABBITMQ_USERNAME: name,
    RABBITMQ_PASSWORD: password,
    RABBITMQ_CACERT: join(folder, 'ca.pem'),
    TF_VAR_admin: name,
  });
  try {
    await terraform.init('rabbitmq.tf');
    await terraform.apply();
    assert.deepEqual(await terraform.output('found'), ['shop/eu', 'a.%23', 'move@shop/eu']);
    const changes = ['-var=length=20', '-var=tags=["monitoring"]', '-var=read=^r'];
    const changed = await terraform.apply(...changes);
    assert.match(changed, /Resources: 0 added, 5 changed, 0 destroyed/);
    for (const [address, id] of Object.entries(imported)) {
      const removed = await terraform.command('state rm', address);
      assert.equal(removed.code, 0, removed.text);
      const { code, text } = await terraform.command('import', ...changes, address, id);
      assert.equal(code, 0, text);
    }
    const plan = await terraform.command('plan', '-detailed-exitcode', ...changes);
    assert.equal(plan.code, 0, plan.text);
    await terraform.destroy(...changes);
  } finally {
    terraform.remove();
  }
  const left = await host.json<readonly { name: string }[]>('GET', '/api/vhosts');
  assert.deepEqual(
    left.map((vhost) => vhost.name),
    ['/'],
  );
});
