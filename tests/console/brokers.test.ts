import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CreateAliasCommand, CreateKeyCommand } from '@aws-sdk/client-kms';
import { DescribeBrokerInstanceOptionsCommand } from '@aws-sdk/client-mq';
import type { Browser } from 'playwright-core';
import { describeBroker } from '../support/broker-requests.ts';
import { createConfiguration } from '../support/configuration-requests.ts';
import { ConsolePage, findBrowser } from '../support/console-page.ts';
import { until } from '../support/processes.ts';
import { shareBrowser } from '../support/shared-browser.ts';
import { Waxwing } from '../support/waxwing.ts';

const found = await findBrowser();
const skip = typeof found === 'string' ? found : false;
const shared = shareBrowser(found);

let waxwing: Waxwing;
let browser: Browser;
let page: ConsolePage;
let keyArn = '';
/** A text that would run if it were taken for HTML, and that turns around what follows. */
const hostile = '<img src=x onerror="document.title=1">\u202e"><script>document.title=2</script>';

before(async () => {
  if (typeof found === 'string') return;
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  const { KeyMetadata } = await waxwing.kms.send(new CreateKeyCommand({ Description: hostile }));
  keyArn = KeyMetadata?.Arn ?? '';
  const alias = { AliasName: 'alias/console', TargetKeyId: keyArn };
  await waxwing.kms.send(new CreateAliasCommand(alias));
  browser = await shared.start();
  page = await ConsolePage.openAsRoot(browser, waxwing);
});
after(async () => {
  if (skip !== false) return;
  await page.close();
  await shared.release();
  await waxwing.remove();
});

/** Creates a broker with one of the kinds of keys; its id. */
async function create(name: string, kind: string): Promise<string> {
  await page.go('#/brokers/new');
  await page.heading('Create a broker').waitFor();
  await page.field('Name').fill(name);
  await page.page.getByRole('radio', { name: kind }).check();
  if (kind === 'A key that you manage') {
    await page.field('Key that you manage').click();
    await page.page.getByRole('option', { name: /alias\/console/ }).click();
  }
  await page.field('User name').fill('admin');
  await page.field('Password').fill('correct-Horse-7-battery');
  await page.isAccessible();
  await page.button('Create broker').click();
  await page.heading('Brokers').waitFor();
  const link = page.page.getByRole('link', { name, exact: true });
  const id = (await link.getAttribute('href'))?.replace('#/brokers/', '') ?? '';
  await waxwing.brokerIs(id, 'RUNNING');
  return id;
}

test('brokers are created with each kind of key', { skip }, async () => {
  const choices = [
    ['of-service', 'Key of the service', { UseAwsOwnedKey: true }],
    ['of-aws', 'alias/aws/mq', { UseAwsOwnedKey: false }],
    ['of-customer', 'A key that you manage', { UseAwsOwnedKey: false, KmsKeyId: keyArn }],
  ] as const;
  for (const [name, kind, expected] of choices) {
    const id = await create(name, kind);
    const { EncryptionOptions } = await describeBroker(waxwing, id);
    assert.deepEqual({ ...EncryptionOptions, ...expected }, EncryptionOptions);
  }
  await page.isAccessible();
});

test('the form offers the deployments and types of instances of a version', { skip }, async () => {
  await page.go('#/brokers/new');
  await page.heading('Create a broker').waitFor();
  const choice = (name: RegExp) => page.page.getByRole('button', { name });
  await choice(/^Deployment Single instance/).waitFor();
  await choice(/^Type of instance mq\./).waitFor();
  const options = { EngineType: 'RABBITMQ' } as const;
  const { BrokerInstanceOptions = [] } = await waxwing.mq.send(
    new DescribeBrokerInstanceOptionsCommand(options),
  );
  const clusters = BrokerInstanceOptions.filter(({ SupportedDeploymentModes = [] }) =>
    SupportedDeploymentModes.includes('CLUSTER_MULTI_AZ'),
  );
  const [version] = clusters.flatMap(({ SupportedEngineVersions = [] }) => SupportedEngineVersions);
  if (version === undefined) return; // no RabbitMQ is installed
  await choice(/^Version/).click();
  await page.page.getByRole('option', { name: version, exact: true }).click();
  await choice(/^Deployment Cluster/).waitFor();
  await choice(/^Type of instance mq\./).waitFor();
  await page.isAccessible();
});

/** The id of a broker in the list. */
async function idOf(name: string): Promise<string> {
  await page.go('#/brokers');
  const link = page.page.getByRole('link', { name, exact: true });
  return (await link.getAttribute('href'))?.replace('#/brokers/', '') ?? '';
}

test('a page shows a broker, and its tabs are accessible', { skip }, async () => {
  await page.go(`#/brokers/${await idOf('of-customer')}`);
  await page.heading('of-customer').waitFor();
  await page.page.getByText(/^amqps:\/\/localhost:\d+$/).waitFor();
  for (const tab of ['Details', 'Users', 'Configuration', 'Tags']) {
    await page.page.getByRole('tab', { name: tab }).click();
    await page.page.getByRole('tabpanel').first().waitFor();
    await page.isAccessible();
  }
});

test('an address without a page, a broker or a key says so below a heading', { skip }, async () => {
  for (const [hash, heading, told] of [
    ['#/nothing', 'There is no such page', 'To the first page'],
    ['#/brokers/b-1/more', 'There is no such page', 'To the first page'],
    ['#/brokers/b-none', 'b-none', 'NotFoundException'],
    ['#/brokers/b-none/data-protection', 'Data protection of b-none', 'NotFoundException'],
    ['#/keys/none', 'none', 'NotFoundException'],
  ] as const) {
    await page.go(hash);
    await page.heading(heading).waitFor();
    await page.page.getByText(told).waitFor();
    await page.isAccessible();
  }
});

test('a broker without a configuration gets a new one, or one that exists, by a reboot', {
  skip,
}, async () => {
  const open = async (broker: string) => {
    await page.go(`#/brokers/${await idOf(broker)}`);
    await page.heading(broker).waitFor();
    await page.page.getByRole('tab', { name: 'Configuration' }).click();
    await page.button('Choose a configuration').click();
    return page.page.getByRole('dialog');
  };
  const told = page.page.getByText('The configuration takes effect at the next reboot.');
  const first = await open('of-service');
  await page.field('Name of the configuration').fill('not possible');
  await first.getByRole('button', { name: 'Use after the next reboot' }).click();
  await first.getByText(/Configuration name \[not possible\] is invalid/).waitFor();
  await page.field('Name of the configuration').fill('shared');
  await page.isAccessible();
  await first.getByRole('button', { name: 'Use after the next reboot' }).click();
  await told.waitFor();
  await page.table('Revisions').getByText('1 (after the next reboot)').waitFor();
  await page.page.getByRole('tab', { name: 'Details' }).click();
  await page.page.getByText(/^c-[\da-f-]+, revision 1$/).waitFor();
  await page.action('Reboot');
  await page.page.getByRole('dialog').getByRole('button', { name: 'Reboot' }).click();
  await page.page.getByRole('tab', { name: 'Configuration' }).click();
  await page.table('Revisions').getByText('1 (in use)').waitFor();
  const { Configurations: ofFirst } = await waxwing.brokerIs(await idOf('of-service'), 'RUNNING');
  const id = ofFirst?.Current?.Id;
  assert.match(id ?? '', /^c-/);

  await createConfiguration(waxwing, { Name: 'of-activemq' });
  const second = await open('of-customer');
  await second.getByRole('radio', { name: 'A configuration that exists' }).check();
  await page.field('Configuration').click();
  await page.page.getByRole('option', { name: /shared/ }).waitFor();
  assert.equal(await page.page.getByRole('option').count(), 1, 'none of another engine');
  await page.page.getByRole('option', { name: /shared/ }).click();
  await page.isAccessible();
  await second.getByRole('button', { name: 'Use after the next reboot' }).click();
  await page.table('Revisions').getByText('1 (after the next reboot)').waitFor();
  const { Configurations: ofSecond } = await describeBroker(waxwing, await idOf('of-customer'));
  assert.deepEqual([ofSecond?.Current, ofSecond?.Pending], [undefined, { Id: id, Revision: 1 }]);
});

test('the service warns of personal data in tags', { skip }, async () => {
  const id = await idOf('of-service');
  await page.go(`#/brokers/${id}`);
  await page.page.getByRole('tab', { name: 'Tags' }).click();
  await page.button('Add tag').click();
  await page.field('Key').fill('owner');
  await page.field('Value').fill('anna.muster@example.com');
  await page.button('Save tags').click();
  await page.page.getByText('The service found personal or secret data: email').waitFor();
  const { Tags } = await describeBroker(waxwing, id);
  assert.equal(Tags?.['owner'], 'anna.muster@example.com');
});

test('the data protection page shows the key, its grants and its uses, and what disabling it does', {
  skip,
}, async () => {
  const id = await idOf('of-customer');
  await page.go(`#/brokers/${id}/data-protection`);
  await page.heading('Data protection of of-customer').waitFor();
  const keys = page.table('Data keys');
  await keys.getByText(/^vol-[\da-f]{17}$/).waitFor();
  const grants = page.table('Grants');
  await grants.getByText(/aws:ebs:id = vol-/).waitFor();
  const uses = page.table('Who used the key');
  await uses.getByText('GenerateDataKeyWithoutPlaintext').waitFor();
  assert.equal(await uses.getByText('ListGrants').count(), 0);
  await page.page.getByText('No client has connected since the broker started.').waitFor();
  await page.page.getByText('There is no run of drills in the trail').waitFor();
  await grants.getByText('mq.amazonaws.com for root').waitFor();
  await page.page.getByText('There is no completed backup of this broker').waitFor();
  await page.isAccessible();
  const printed = await page.page.pdf({ format: 'A4' });
  const sheets = printed.toString('latin1').match(/\/Type \/Page\b/g)?.length ?? 0;
  assert.ok(sheets >= 1 && sheets <= 3, `${sheets} sheets: are some of them empty?`);
  await page.button('What if I disable the key?').click();
  const dialog = page.page.getByRole('dialog');
  await dialog.getByText('of-customer').waitFor();
  await dialog.getByText('1 volume has a grant on the key').waitFor();
  await page.isAccessible();
  await dialog.getByRole('button', { name: 'Disable key' }).click();
  await waxwing.brokerIs(id, 'CRITICAL_ACTION_REQUIRED');
  await page.go(`#/keys/${keyArn.replace(/^.*key\//, '')}`);
  await page.heading('alias/console').waitFor();
  // Texts of people are shown as they are, but for characters that nobody sees.
  await page.page.getByText(hostile.replace('\u202e', '\\u202e')).waitFor();
  assert.match(await page.page.title(), /^Key /);
  await page.isAccessible();
  await page.action('Enable');
  await waxwing.brokerIs(id, 'RUNNING');
});

test('a broker is rebooted and deleted after a question', { skip }, async () => {
  const id = await idOf('of-aws');
  await page.go(`#/brokers/${id}`);
  await page.action('Reboot');
  await page.page.getByRole('dialog').getByRole('button', { name: 'Reboot' }).click();
  await page.page.getByText('The broker of-aws reboots.').waitFor();
  await waxwing.brokerIs(id, 'RUNNING');
  await page.action('Delete');
  const remove = page.page.getByRole('dialog').getByRole('button', { name: 'Delete' });
  assert.equal(await remove.isDisabled(), true);
  await page.field('Type of-aws to confirm').fill('of-aws');
  await page.isAccessible();
  await remove.click();
  await page.page.getByText('The broker of-aws is being deleted.').waitFor();
  await page.heading('Brokers').waitFor();
});

test('a user of an ActiveMQ broker, and another revision of its configuration, wait for a reboot', {
  skip,
}, async () => {
  const id = await waxwing.createBroker({
    BrokerName: 'active',
    EngineType: 'ACTIVEMQ',
    EngineVersion: '5.19',
    DeploymentMode: 'SINGLE_INSTANCE',
    HostInstanceType: 'mq.m5.large',
  });
  await page.go(`#/brokers/${id}`);
  await page.page.getByRole('link', { name: /^https:\/\/localhost:\d+/ }).waitFor();
  await page.page.getByRole('tab', { name: 'Users' }).click();
  await page.button('Create user').click();
  await page.field('User name').fill('writer');
  await page.field('Password').fill('correct-Horse-7-battery');
  await page.isAccessible();
  await page.page.getByRole('dialog').getByRole('button', { name: 'Create user' }).click();
  await page
    .table('Users')
    .getByRole('row', { name: /writer.*Create/ })
    .waitFor();
  await page.page.getByRole('tab', { name: 'Configuration' }).click();
  await page.button('Show revision 1').click();
  const text = page.field('Configuration');
  await until('the text of the revision', async () => (await text.inputValue()) !== '');
  assert.match(await text.inputValue(), /<broker/);
  await text.fill('<broker xmlns="http://activemq.apache.org/schema/core"></broker>');
  await page.isAccessible();
  await page.button('Save as new revision').click();
  await page.button('Use revision 2').click();
  await page.page.getByText('Revision 2 is used after the next reboot.').waitFor();
  await page.table('Revisions').getByText('2 (after the next reboot)').waitFor();
  await page.page.getByRole('tab', { name: 'Details' }).click();
  await page.page.getByRole('heading', { name: 'Pending changes' }).waitFor();
  await page.page.getByText('User writer', { exact: true }).waitFor();
  await page.isAccessible();
});
