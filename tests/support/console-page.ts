// The web console of the service in a real browser without a screen.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import type { Browser } from 'playwright-core';
import { callApi, rootAccess } from '../../src/cli/access/call-api.ts';
import { BrowserPage, type PageSource } from './browser-page.ts';
import { findInstalled, findPrograms, type Program } from './other-programs.ts';
import { isLong } from './proof.ts';
import type { Waxwing } from './waxwing.ts';

const searchFor = (name: string) => ({ name, versionArguments: ['--version'], package: name });

/** The Chromium of this machine as people use it; otherwise, why there is none. */
export async function findChromium(): Promise<Program | string> {
  const found = await findPrograms(searchFor('chromium'));
  if (typeof found === 'string') return found;
  return found.at(-1) ?? 'there is no chromium';
}

let browserOfTests: Promise<Program | string> | undefined;

/**
 * The browser for a test; otherwise, why there is none. Long runs use the Chromium that people use. Short
 * ones prefer its headless shell: it has the same engine, and costs a third less of a processor's time,
 * because it starts no windows, extensions or profiles.
 */
export async function findBrowser(): Promise<Program | string> {
  browserOfTests ??= isLong ? findChromium() : findShell();
  // Each file awaits a promise of its own, by which the runner knows the suite of its tests.
  return await browserOfTests;
}

/** The headless shell. A Chromium that is there is used before a shell is installed. */
async function findShell(): Promise<Program | string> {
  const shell = searchFor('chromium-headless-shell');
  for (const search of [shell, searchFor('chromium')]) {
    const there = (await findInstalled(search)).at(-1);
    if (there !== undefined) return there;
  }
  const found = await findPrograms(shell);
  const installed = typeof found === 'string' ? undefined : found.at(-1);
  return installed ?? (await findChromium());
}

/** Starts the browser. It trusts nothing of this machine, so that the tests accept the certificate. */
export function startBrowser({ path }: Program): Promise<Browser> {
  // As an imported module, whose exports Node looks for first, it would take half as long again to load.
  const require = createRequire(import.meta.url);
  const { chromium } = require('playwright-core') as typeof import('playwright-core');
  // Chromium's own sandbox refuses to run as root, which tests in containers do.
  return chromium.launch({ executablePath: path, args: ['--no-sandbox'] });
}

/**
 * The address that signs in as the root user once, from the service itself: the command `waxwing console`
 * prints the same, but its process takes half a second of a processor.
 */
async function rootAddress(waxwing: Waxwing): Promise<string> {
  const access = await rootAccess(waxwing.environment);
  const path = '/waxwing/v1/console-codes';
  const answer = await callApi(access, 'waxwing-administration', path, {});
  return `${access.endpoint}/console/#code=${(answer as { code: string }).code}`;
}

/** An open page of the console. */
export class ConsolePage extends BrowserPage {
  readonly #waxwing: Waxwing;

  private constructor(page: BrowserPage['page'], waxwing: Waxwing) {
    super(page, waxwing.environment['AWS_ENDPOINT_URL'] ?? '');
    this.#waxwing = waxwing;
  }

  /** Opens the sign-in page. */
  static async open(
    browser: PageSource,
    waxwing: Waxwing,
    options: object = {},
  ): Promise<ConsolePage> {
    const made = new ConsolePage(await ConsolePage.newPage(browser, options), waxwing);
    await made.openAt(`${made.url}/console/`);
    return made;
  }

  /** Opens a page on which the root user is signed in. */
  static async openAsRoot(
    browser: PageSource,
    waxwing: Waxwing,
    options: object = {},
  ): Promise<ConsolePage> {
    const made = new ConsolePage(await ConsolePage.newPage(browser, options), waxwing);
    await made.openAt(await rootAddress(waxwing));
    await made.#enterAsRoot();
    return made;
  }

  /** Signs in as the root user. @param address what `waxwing console` has printed; by default, another one */
  async signInAsRoot(address?: string): Promise<void> {
    // The page that is open reads a code only when it is loaded.
    await this.load(address ?? (await rootAddress(this.#waxwing)));
    await this.#enterAsRoot();
  }

  async #enterAsRoot(): Promise<void> {
    await this.button('Continue').click();
    await this.shows(this.heading('Brokers'));
    assert.equal(this.page.url(), `${this.url}/console/`, 'the code left the address');
  }

  /** Opens a page by its address: `#/brokers`. */
  async go(hash: string): Promise<void> {
    await this.page.goto(`${this.url}/console/${hash}`);
  }
}
