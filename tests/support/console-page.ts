// The web console of the service in a real browser without a screen.

import assert from 'node:assert/strict';
import { type Browser, chromium } from 'playwright-core';
import { BrowserPage, type PageSource } from './browser-page.ts';
import { findPrograms, type Program } from './other-programs.ts';
import type { Waxwing } from './waxwing.ts';

/** The browser of this machine; otherwise, why there is none. */
export async function findChromium(): Promise<Program | string> {
  const search = { name: 'chromium', versionArguments: ['--version'], package: 'chromium' };
  const found = await findPrograms(search);
  if (typeof found === 'string') return found;
  return found.at(-1) ?? 'there is no chromium';
}

/** Starts the browser. It trusts nothing of this machine, so that the tests accept the certificate. */
export function startBrowser({ path }: Program): Promise<Browser> {
  // Chromium's own sandbox refuses to run as root, which tests in containers do.
  return chromium.launch({ executablePath: path, args: ['--no-sandbox'] });
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
    await made.openAt('/console/');
    return made;
  }

  /** Signs in as the root user with a code of the command. */
  async signInAsRoot(): Promise<void> {
    const { folder } = this.#waxwing;
    const { code, stdout, stderr } = await folder.run(['console', '--data', folder.data]);
    assert.equal(code, 0, stderr);
    // The page that is open reads a code only when it is loaded.
    await this.load(stdout.trim());
    await this.button('Continue').click();
    await this.shows(this.heading('Brokers'));
    assert.equal(this.page.url(), `${this.url}/console/`, 'the code left the address');
  }

  /** Opens a page by its address: `#/brokers`. */
  async go(hash: string): Promise<void> {
    await this.page.goto(`${this.url}/console/${hash}`);
  }
}
