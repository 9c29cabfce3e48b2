import assert from 'node:assert/strict';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import {
  CreateTrailCommand,
  GetTrailStatusCommand,
  StartLoggingCommand,
  StopLoggingCommand,
  UpdateTrailCommand,
} from '@aws-sdk/client-cloudtrail';
import { CloudWatchClient, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { ListKeysCommand } from '@aws-sdk/client-kms';
import type { Browser } from 'playwright-core';
import { callApi, rootAccess } from '../../src/cli/access/call-api.ts';
import { askEnvironment } from '../../src/server/environment.ts';
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
let brokerId = '';

before(async () => {
  if (typeof found === 'string') return;
  const often = ['--trail-file-seconds', '1', '--trail-digest-seconds', '2'];
  waxwing = await Waxwing.start({ args: ['--no-default-broker', ...often] });
  brokerId = await waxwing.createBroker({ BrokerName: 'observed', Logs: { General: true } });
  // Brokers are measured once a minute. This one is created early for the last test, which needs its metrics.
  await waxwing.createBroker({
    ...{ BrokerName: 'watched', EngineType: 'ACTIVEMQ', EngineVersion: '5.18' },
    HostInstanceType: 'mq.m5.large',
  });
  browser = await shared.start();
  page = await ConsolePage.openAsRoot(browser, waxwing);
});
after(async () => {
  if (skip !== false) return;
  await page.close();
  await shared.release();
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
  await page.field('Filter pattern').fill('no-quotation-marks');
  await page.button('Filter').click();
  await page.shows(page.page.getByText('The lines could not be read.'));
  await page.shows(page.page.getByText(/Invalid filter pattern/));
  await page.field('Filter pattern').fill('"no-line-has-this"');
  await page.button('Filter').click();
  await page.shows(page.page.getByText('There are no such lines.'));
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

test('runs of drills are listed with their results, and the last one is on the page of a broker', {
  skip,
}, async () => {
  const run = {
    ...{ startedAt: '2026-01-01T00:00:00.000Z', endedAt: '2026-01-01T00:01:00.000Z' },
    ...{ version: '1.2.3', programSha256: 'ab'.repeat(32) },
    drills: [
      { drill: 'stolen-folder', hasPassed: true, durationMs: 1200 },
      { drill: 'wire-tap', hasPassed: false, durationMs: 3400 },
      { drill: 'promoted-replica', hasPassed: true, durationMs: 1, notTried: 'pairs: no Java' },
    ],
  };
  const access = await rootAccess(await askEnvironment(waxwing.folder.data));
  await callApi(access, 'waxwing-administration', '/waxwing/v1/drills', run);
  await page.go('#/drills');
  await page.heading('Drills').waitFor();
  await page.table('Drills').getByText('2 of 3 passed, 1 in part').waitFor();
  await page.isAccessible();
  await page.button(/^Show the drills of/).click();
  const results = page.table('Results');
  await results
    .getByRole('row', { name: /wire-tap.*Failed.*3\.4/ })
    .filter({ hasNotText: 'stolen' })
    .waitFor();
  await results.getByRole('row', { name: /promoted-replica.*Passed.*pairs: no Java/ }).waitFor();
  await page.isAccessible();
  await page.page.keyboard.press('Escape');
  await page.go(`#/brokers/${brokerId}/data-protection`);
  await page.page
    .getByText(/^Last drills of the program: .*2 of 3 passed, 1 in part, recorded by root\./)
    .waitFor();
  // The tests before have connected to the broker.
  const suites = page.table('Encryption in transit');
  await suites.getByRole('row', { name: /TLS 1\.3.*TLS_AES_/ }).waitFor();
  await page.isAccessible();
});

/** The files of digests or of logs, the oldest first. */
function trailFiles(name: RegExp): string[] {
  const folder = join(waxwing.folder.data, 'trails');
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && name.test(entry.name));
  const inTime = (path: string) => statSync(path).mtimeMs;
  return files
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted((a, b) => inTime(a) - inTime(b));
}

test('the browser verifies the digests of a trail, and finds a log file that was removed', {
  skip,
}, async () => {
  const place = { S3BucketName: 'kept', S3KeyPrefix: "it's(a)!*" };
  const trail = { Name: 'kept', ...place, EnableLogFileValidation: true };
  await waxwing.trail.send(new CreateTrailCommand(trail));
  await waxwing.trail.send(new StartLoggingCommand({ Name: 'kept' }));
  const digests = /_CloudTrail-Digest_.*gz$/;
  await until('two digests', async () => {
    await waxwing.kms.send(new ListKeysCommand({}));
    const { LatestDigestDeliveryTime } = await waxwing.trail.send(
      new GetTrailStatusCommand({ Name: 'kept' }),
    );
    return LatestDigestDeliveryTime !== undefined && trailFiles(digests).length >= 2;
  });
  // The chain goes on in another bucket.
  await waxwing.trail.send(new UpdateTrailCommand({ Name: 'kept', S3BucketName: 'kept-later' }));
  await until('a digest in the other bucket', async () => {
    await waxwing.kms.send(new ListKeysCommand({}));
    return trailFiles(digests).some((path) => path.includes('/kept-later/'));
  });
  await waxwing.trail.send(new StopLoggingCommand({ Name: 'kept' }));
  await page.go('#/trail');
  await page.page.getByRole('heading', { name: 'Files of trails' }).waitFor();
  await page.button('Verify').click();
  const result = page.page.getByRole('status').filter({ hasText: 'digests' });
  await result
    .filter({ hasText: /All files are valid: ([3-9]|\d\d+) digests, [1-9]\d* log/ })
    .waitFor();
  await page.isAccessible();
  // What a service that is busy answers says nothing of the files.
  await page.page.route(/_CloudTrail_.*gz$/, (route) => route.fulfill({ status: 503, body: '' }));
  await page.button('Verify').click();
  await result.filter({ hasText: 'Not verified to the end: 0 digests' }).waitFor();
  await page.page.getByText('The service answered 503.').waitFor();
  await page.page.unrouteAll({ behavior: 'wait' });
  // Files that are well-formed, but not those that were delivered.
  const isFound = async (files: RegExp, problem: RegExp, change: (text: string) => string) => {
    await page.page.route(files, async (route) => {
      const response = await route.fetch();
      const text = gunzipSync(await response.body()).toString();
      await route.fulfill({ response, body: gzipSync(change(text)) });
    });
    await page.button('Verify').click();
    await result.getByText(problem).first().waitFor();
    await page.page.unrouteAll({ behavior: 'wait' });
  };
  await isFound(/_CloudTrail_.*gz$/, /Log file .* was changed/, (text) => `${text} `);
  await isFound(digests, /Digest .* has a wrong signature/, (text) =>
    text.replace(/"hashValue":"./, '"hashValue":"g'),
  );
  await isFound(digests, /Digest .* was moved/, (text) => text.replace(/kept/g, 'lost'));
  await isFound(digests, /Digest .* is no digest/, () => '{"logFiles":[{}]}');
  const [oldest = ''] = trailFiles(/_CloudTrail_.*gz$/);
  rmSync(oldest);
  await page.button('Verify').click();
  await result.filter({ hasText: /1 files are not what was delivered/ }).waitFor();
  await result.getByText(`${basename(oldest)} is missing or unreadable`).waitFor();
  await page.isAccessible();
  const [digest = ''] = trailFiles(digests);
  rmSync(digest);
  await page.button('Verify').click();
  await result.getByText(`${basename(digest)} is missing or unreadable`).waitFor();
});

test('metrics of brokers of both types are plotted', { skip }, async () => {
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
