// Measures how fast the web consoles load in a real Chromium, each time without a cache: the console of
// the service and that of a RabbitMQ broker. Run by hand: npm run bench:console [-- FILE]

import { writeFileSync } from 'node:fs';
import {
  AttachUserPolicyCommand,
  CreateLoginProfileCommand,
  CreateUserCommand,
  IAMClient,
} from '@aws-sdk/client-iam';
import type { Browser, Page } from 'playwright-core';
import { administrator, ManagementHost } from '../tests/management/management-host.ts';
import { findChromium, startBrowser } from '../tests/support/console-page.ts';
import { Waxwing } from '../tests/support/waxwing.ts';
import { describeMachine } from './machine.ts';

const roundCount = 7;

/** The figures of one load. Times are in milliseconds since the address was opened, sizes in bytes. */
interface Load {
  readonly firstPaintMs: number;
  readonly largestPaintMs: number;
  /** Until the form accepts input. */
  readonly usableMs: number;
  /** Time from the click on the sign-in button until the first page is shown. */
  readonly signedInMs: number;
  readonly requestCount: number;
  /** What came over the network for the sign-in page, without heads. */
  readonly sentBytes: number;
  /** The same files unpacked. */
  readonly fileBytes: number;
  /** What the first page after the sign-in added. */
  readonly signedInSentBytes: number;
}

/** A console and how to sign in to it. */
interface Console {
  readonly url: string;
  /** Presses the button. @returns what waits for the first page */
  signIn(page: Page): Promise<() => Promise<void>>;
}

/** What this file uses of the browser's own objects, in functions that run there. */
interface BrowserSide {
  performance: {
    now(): number;
    getEntriesByType(type: string): { startTime: number; name: string; transferSize: number }[];
  };
  largestPaintMs: number;
  PerformanceObserver: new (
    tell: (list: { getEntries(): { startTime: number }[] }) => void,
  ) => { observe(options: object): void };
}

async function sizes(page: Page): Promise<{ count: number; sent: number; unpacked: number }> {
  return page.evaluate(() => {
    const side = globalThis as unknown as BrowserSide;
    const entries = ['navigation', 'resource'].flatMap((type) =>
      side.performance.getEntriesByType(type),
    ) as unknown as { encodedBodySize: number; decodedBodySize: number }[];
    const sum = (name: 'encodedBodySize' | 'decodedBodySize') =>
      entries.reduce((total, entry) => total + entry[name], 0);
    return {
      count: entries.length,
      sent: sum('encodedBodySize'),
      unpacked: sum('decodedBodySize'),
    };
  });
}

async function load(browser: Browser, { url, signIn }: Console): Promise<Load> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.addInitScript(() => {
    const side = globalThis as unknown as BrowserSide;
    side.largestPaintMs = 0;
    new side.PerformanceObserver((list) => {
      side.largestPaintMs = list.getEntries().at(-1)?.startTime ?? 0;
    }).observe({ type: 'largest-contentful-paint', buffered: true });
  });
  await page.goto(url, { waitUntil: 'commit' });
  const field = page.getByLabel('User name', { exact: true });
  await field.waitFor();
  if (!(await field.isEditable())) throw new Error('the form does not accept input');
  const usableMs = await page.evaluate(() =>
    (globalThis as unknown as BrowserSide).performance.now(),
  );
  await page.waitForLoadState('networkidle');
  const paints = await page.evaluate(() => {
    const side = globalThis as unknown as BrowserSide;
    const first = side.performance
      .getEntriesByType('paint')
      .find(({ name }) => name === 'first-contentful-paint');
    return { first: first?.startTime ?? Number.NaN, largest: side.largestPaintMs };
  });
  const before = await sizes(page);
  const isThere = await signIn(page);
  const pressedMs = performance.now();
  await isThere();
  const signedInMs = performance.now() - pressedMs;
  await page.waitForLoadState('networkidle');
  const after = await sizes(page);
  await context.close();
  return {
    firstPaintMs: paints.first,
    largestPaintMs: paints.largest,
    usableMs,
    signedInMs,
    requestCount: before.count,
    sentBytes: before.sent,
    fileBytes: before.unpacked,
    signedInSentBytes: after.sent - before.sent,
  };
}

const form = (url: string, user: string, password: string, then: string): Console => ({
  url,
  async signIn(page) {
    await page.getByLabel('User name', { exact: true }).fill(user);
    await page.getByLabel('Password', { exact: true }).and(page.locator('input')).fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    return () => page.getByRole('heading', { name: then, level: 1 }).waitFor();
  },
});

async function serviceConsole({ environment, agent }: Waxwing): Promise<Console> {
  const { AWS_ENDPOINT_URL: endpoint = '', AWS_REGION: region = '' } = environment;
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } =
    environment;
  const iam = new IAMClient({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    requestHandler: { httpsAgent: agent },
  });
  const UserName = 'anna';
  const Password = 'correct-Horse-battery-7';
  const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
  await iam.send(new CreateUserCommand({ UserName }));
  await iam.send(new CreateLoginProfileCommand({ UserName, Password }));
  await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn }));
  return form(`${endpoint}/console/`, UserName, Password, 'Brokers');
}

function brokerConsole({ managementPort }: ManagementHost): Console {
  const at = administrator.indexOf(':');
  const [user, password] = [administrator.slice(0, at), administrator.slice(at + 1)];
  return form(`https://127.0.0.1:${managementPort}/`, user, password, 'managed');
}

/** The median of each figure. */
function medians(loads: readonly Load[]): Load {
  const names = Object.keys(loads[0] ?? {}) as (keyof Load)[];
  const middle = (name: keyof Load) =>
    loads.map((each) => each[name]).sort((a, b) => a - b)[Math.floor(loads.length / 2)] ?? 0;
  return Object.fromEntries(
    names.map((name) => [name, Math.round(middle(name))]),
  ) as unknown as Load;
}

const found = await findChromium();
if (typeof found === 'string') throw new Error(found);
const waxwing = await Waxwing.start();
const host = await ManagementHost.open();
const browser = await startBrowser(found);
const consoles = { service: await serviceConsole(waxwing), broker: brokerConsole(host) };
const results: Record<string, Load> = {};
for (const [name, each] of Object.entries(consoles)) {
  await load(browser, each); // the first one loads the service's own code, too
  const loads: Load[] = [];
  for (let round = 0; round < roundCount; round++) loads.push(await load(browser, each));
  results[name] = medians(loads);
}
const report = {
  date: new Date().toISOString().slice(0, 10),
  chromium: found.version.split('\n')[0],
  rounds: roundCount,
  machine: describeMachine(waxwing.folder.root, process.execPath),
  ...results,
};
console.log(JSON.stringify(report, undefined, 2));
const [, , file] = process.argv;
if (file !== undefined) writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`);
await browser.close();
await host.close();
await waxwing.remove();
