import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CloudWatchClient, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import type { Browser } from 'playwright-core';
import { ConsolePage, findChromium, startBrowser } from '../support/console-page.ts';
import { until } from '../support/processes.ts';
import { Waxwing } from '../support/waxwing.ts';

const found = await findChromium();
const skip = typeof found === 'string' ? found : false;

let waxwing: Waxwing;
let browser: Browser;
let page: ConsolePage;
let brokerId = '';

before(async () => {
  if (typeof found === 'string') return;
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  brokerId = await waxwing.createBroker({ BrokerName: 'observed', Logs: { General: true } });
  browser = await startBrowser(found);
  page = await ConsolePage.open(browser, waxwing);
  await page.signInAsRoot();
});
after(async () => {
  if (skip !== false) return;
  await page.close();
  await browser.close();
  await waxwing.remove();
});

test('lines of a broker are shown as they are written, and are filtered', { skip }, async () => {
  await page.go('#/logs');
  await page.heading('Logs').waitFor();
  const group = `/aws/amazonmq/broker/${brokerId}/connection`;
  await page.field('Beginning of the name').fill(group);
  await page.button('Find').click();
  await page.isAccessible();
  await page.page.getByRole('link', { name: group }).click();
  await page.heading(group).waitFor();
  const connect = async () => {
    const client = await waxwing.connect(await waxwing.brokerUrl(brokerId));
    await client.close();
  };
  await connect();
  const lines = page.page.getByRole('list', { name: 'Lines' }).getByRole('listitem');
  await lines
    .filter({ hasText: /connection/ })
    .first()
    .waitFor();
  await page.isAccessible();
  const shown = await lines.count();
  await connect();
  await until('more lines', async () => (await lines.count()) > shown);
  await page.field('Filter pattern').fill('no-line-has-this');
  await page.button('Filter').click();
  await page.page.getByText('There are no such lines.').waitFor();
  await page.page.getByRole('tab', { name: 'Streams' }).click();
  await page.table('Streams').getByRole('rowheader').first().waitFor();
  await page.isAccessible();
});

test('a long log is shown with few elements', { skip }, async () => {
  const url = await waxwing.brokerUrl(brokerId);
  for (let count = 0; count < 60; count += 1) {
    const client = await waxwing.connect(url);
    await client.close();
  }
  await page.go('#/logs');
  await page.heading('Logs').waitFor();
  await page.go(`#/logs/${encodeURIComponent(`/aws/amazonmq/broker/${brokerId}/connection`)}`);
  await page.page.getByText(/^1\d\d lines/).waitFor();
  const lines = page.page.getByRole('list', { name: 'Lines' }).getByRole('listitem');
  await lines.last().waitFor();
  assert.ok((await lines.count()) < 60);
});

test('what of the advice is not followed is listed with what helps', { skip }, async () => {
  await page.go('#/advice');
  await page.heading('Advice').waitFor();
  const advice = page.table('Advice');
  const row = advice.getByRole('row').filter({ hasText: `broker observed (${brokerId})` });
  await row.filter({ hasText: `waxwing volume rewrap ${brokerId}` }).waitFor();
  await page.isAccessible();
});

test('metrics of brokers of both types are plotted', { skip }, async () => {
  await waxwing.createBroker({
    ...{ BrokerName: 'watched', EngineType: 'ACTIVEMQ', EngineVersion: '5.18' },
    HostInstanceType: 'mq.m5.large',
  });
  const { AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION } =
    waxwing.environment;
  const client = new CloudWatchClient({
    endpoint: AWS_ENDPOINT_URL ?? '',
    region: AWS_REGION ?? '',
    credentials: {
      accessKeyId: AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: AWS_SECRET_ACCESS_KEY ?? '',
    },
    requestHandler: { httpsAgent: waxwing.agent },
  });
  // Brokers are measured once a minute.
  await until(
    'the broker is measured',
    async () => {
      const { Metrics = [] } = await client.send(new ListMetricsCommand({}));
      const names = Metrics.map(({ MetricName }) => MetricName);
      return names.includes('ConnectionCount') && names.includes('CurrentConnectionsCount');
    },
    120_000,
  );
  await page.go('#/metrics');
  await page.heading('Metrics').waitFor();
  // The newest broker is shown first.
  await page.page.getByRole('heading', { name: 'CurrentConnectionsCount' }).waitFor();
  await page.page.getByRole('button', { name: /^Broker/ }).click();
  await page.page.getByRole('option', { name: 'observed' }).click();
  await page.page.getByRole('heading', { name: 'ConnectionCount' }).waitFor();
  await page.isAccessible();
  await page.button('1 day').click();
  await page.page.getByRole('heading', { name: 'ConnectionCount' }).waitFor();
});
