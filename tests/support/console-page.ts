// The web console in a real browser without a screen.

import assert from 'node:assert/strict';
import axe from 'axe-core';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
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

/** What went wrong in a page that no person would see. */
interface Problems {
  readonly errors: string[];
  readonly violations: string[];
  /** Requests to other places than the service. */
  readonly foreign: string[];
}

/** An animation of the page. */
interface Fading {
  readonly finished: Promise<unknown>;
  readonly effect: { getComputedTiming(): { readonly iterations: number } } | null;
}

/** An open page of the console. */
export class ConsolePage {
  readonly page: Page;
  readonly problems: Problems = { errors: [], violations: [], foreign: [] };
  readonly #waxwing: Waxwing;

  private constructor(page: Page, waxwing: Waxwing) {
    this.page = page;
    this.#waxwing = waxwing;
  }

  /** Opens the sign-in page. */
  static async open(
    browser: Browser,
    waxwing: Waxwing,
    options: object = {},
  ): Promise<ConsolePage> {
    const page = await browser.newPage({
      ignoreHTTPSErrors: true,
      reducedMotion: 'reduce',
      ...options,
    });
    const made = new ConsolePage(page, waxwing);
    const { errors, violations, foreign } = made.problems;
    page.setDefaultTimeout(60_000);
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(made.url)) foreign.push(request.url());
    });
    await page.exposeFunction('tellViolation', (text: string) => violations.push(text));
    await page.addInitScript(() => {
      const shown = globalThis as unknown as {
        addEventListener(type: string, listener: (event: Record<string, string>) => void): void;
        tellViolation(text: string): void;
      };
      shown.addEventListener('securitypolicyviolation', (event) =>
        shown.tellViolation(`${event['violatedDirective']} ${event['blockedURI']}`),
      );
    });
    await page.goto(`${made.url}/console/`);
    return made;
  }

  /** The address of the service. */
  get url(): string {
    return this.#waxwing.environment['AWS_ENDPOINT_URL'] ?? '';
  }

  /** Signs in as the root user with a code of the command. */
  async signInAsRoot(): Promise<void> {
    const { folder } = this.#waxwing;
    const { code, stdout, stderr } = await folder.run(['console', '--data', folder.data]);
    assert.equal(code, 0, stderr);
    // The page that is open reads a code only when it is loaded.
    await this.page.goto('about:blank');
    await this.page.goto(stdout.trim());
    await this.button('Continue').click();
    await this.heading('Brokers').waitFor();
    assert.equal(this.page.url(), `${this.url}/console/`, 'the code left the address');
  }

  /** Opens a page by its address: `#/brokers`. */
  async go(hash: string): Promise<void> {
    await this.page.goto(`${this.url}/console/${hash}`);
  }

  heading(name: string | RegExp): Locator {
    return this.page.getByRole('heading', { name, level: 1 });
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name });
  }

  field(name: string): Locator {
    return this.page.getByLabel(name, { exact: true }).and(this.page.locator('input, textarea'));
  }

  /** A table; one of several pages is a grid, in which arrow keys move. */
  table(name: string): Locator {
    return this.page.getByRole('table', { name }).or(this.page.getByRole('grid', { name }));
  }

  /** Chooses an action of the page's menu. */
  async action(name: string): Promise<void> {
    await this.button('Actions').click();
    await this.page.getByRole('menuitem', { name }).click();
  }

  /** Requires that the page follows the rules for accessibility. */
  async isAccessible(): Promise<void> {
    // Colours that are still fading in have too little contrast.
    await this.page.evaluate(async () => {
      const { document } = globalThis as unknown as { document: { getAnimations(): Fading[] } };
      const ending = document
        .getAnimations()
        .filter(
          ({ effect }) => effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY,
        );
      await Promise.allSettled(ending.map(({ finished }) => finished));
    });
    await this.page.evaluate(axe.source);
    const found = await this.page.evaluate(async () => {
      const { axe } = globalThis as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
      };
      const { violations } = await axe.run();
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    });
    assert.deepEqual(found, [], this.page.url());
  }

  /** Closes the page, and requires that nothing went wrong unseen. */
  async close(): Promise<void> {
    await this.page.close();
    assert.deepEqual(this.problems, { errors: [], violations: [], foreign: [] });
  }
}
