// A page of a console in a real browser without a screen.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Locator, Page } from 'playwright-core';

/** What went wrong in a page that no person would see. */
interface Problems {
  readonly errors: string[];
  readonly violations: string[];
  /** Requests to other places than the service. */
  readonly foreign: string[];
}

/** A browser, or the part of one whose pages share what a browser keeps. */
export type PageSource = Pick<Browser, 'newPage'>;

/** An animation of the page. */
interface Fading {
  readonly finished: Promise<unknown>;
  readonly effect: { getComputedTiming(): { readonly iterations: number } } | null;
}

interface Scrolled {
  scrollTo(x: number, y: number): void;
}

/** The rules of accessibility that pages follow, and best practices. */
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

let axeSource: string | undefined;

/** The program of axe-core for pages. As a module it would cost the test program a quarter of a second. */
function sourceOfAxe(): string {
  axeSource ??= readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
  return axeSource;
}

/**
 * What Chromium says of the requests that it ends when an interface of the machine comes or goes, those to
 * the loopback interface too. A page whose script was among them stays empty.
 */
const networkChanged = 'net::ERR_NETWORK_CHANGED';
/** How often a page is loaded while the network of the machine changes. */
const loadsMax = 5;

/** An open page. */
export class BrowserPage {
  #networkChangedCount = 0;
  readonly page: Page;
  /** The address of the site, without a slash at the end. */
  readonly url: string;
  readonly problems: Problems = { errors: [], violations: [], foreign: [] };

  protected constructor(page: Page, url: string) {
    this.page = page;
    this.url = url;
  }

  /** A new page of the browser for a site. */
  protected static newPage(browser: PageSource, options: object): Promise<Page> {
    return browser.newPage({ ignoreHTTPSErrors: true, reducedMotion: 'reduce', ...options });
  }

  /** Opens an address, and watches what goes wrong. */
  protected async openAt(address: string): Promise<void> {
    const { page } = this;
    const { errors, violations, foreign } = this.problems;
    page.setDefaultTimeout(60_000);
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(`${this.url}/`) && !url.startsWith(`blob:${this.url}/`)) {
        foreign.push(url);
      }
    });
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? '';
      if (why === networkChanged) this.#networkChangedCount += 1;
      // A page that is left ends its own requests. Others are told: a wait that ends later does not say why.
      if (why !== 'net::ERR_ABORTED') console.error(`${why}: ${request.url()}`);
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
    await this.load(address);
  }

  /** Loads an address as in a new window, even that of the page that is open. */
  load(address: string): Promise<void> {
    return this.#loaded(async () => {
      await this.page.goto('about:blank');
      await this.page.goto(address);
    });
  }

  /** Loads the page again. */
  reload(): Promise<void> {
    return this.#loaded(() => this.page.reload());
  }

  /** Loads a page, and once more if the network of the machine changed meanwhile. */
  async #loaded(load: () => Promise<unknown>): Promise<void> {
    const { errors } = this.problems;
    for (let count = 1; ; count += 1) {
      const [changedCount, errorCount] = [this.#networkChangedCount, errors.length];
      try {
        await load();
        if (this.#networkChangedCount === changedCount) return;
        if (count === loadsMax) throw new Error(networkChanged);
      } catch (error) {
        if (count === loadsMax || !String(error).includes(networkChanged)) throw error;
      }
      errors.length = errorCount;
    }
  }

  /** Waits until an element is visible. If it never is, the error says what the page shows instead. */
  async shows(element: Locator): Promise<void> {
    try {
      await element.waitFor();
    } catch (error) {
      const text = (await this.page.locator('body').textContent()) ?? '';
      throw new Error(`${this.page.url()} shows: ${text.slice(0, 2000)}`, { cause: error });
    }
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

  /**
   * Requires that the page follows the rules for accessibility.
   *
   * @param part a selector: only what it selects is checked
   */
  async isAccessible(part = 'html'): Promise<void> {
    // A page that is still being loaded has no heading.
    await this.page.locator('h1').first().waitFor({ state: 'attached' });
    // What is half below the bar at the top is no smaller than it should be.
    await this.page.evaluate(() => (globalThis as unknown as Scrolled).scrollTo(0, 0));
    // A part that still moves, such as a message that appears, may cover another one for a moment.
    const atFirst = await this.#violations(part);
    const found = atFirst.length === 0 ? atFirst : await this.#violations(part);
    assert.deepEqual(found, [], this.page.url());
  }

  async #violations(part: string): Promise<string[]> {
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
    // It has half a megabyte, and stays until another document is loaded.
    if (!(await this.page.evaluate(() => 'axe' in globalThis))) {
      await this.page.evaluate(sourceOfAxe());
    }
    return this.page.evaluate(
      async ({ part, values }) => {
        const { axe } = globalThis as unknown as {
          axe: {
            run(
              part: string,
              options: object,
            ): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
          };
        };
        const { violations } = await axe.run(part, {
          runOnly: { type: 'tag', values },
          resultTypes: ['violations'],
        });
        return violations.map(
          ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`,
        );
      },
      { part, values: rules },
    );
  }

  /** Whether the page is wider than the window, so that it must be moved to be read. */
  isCutOff(): Promise<boolean> {
    return this.page.evaluate(() => {
      const { document } = globalThis as unknown as {
        document: { documentElement: { scrollWidth: number; clientWidth: number } };
      };
      const { scrollWidth, clientWidth } = document.documentElement;
      return scrollWidth > clientWidth;
    });
  }

  /** Closes the page, and requires that nothing went wrong unseen. */
  async close(): Promise<void> {
    await this.page.close();
    assert.deepEqual(this.problems, { errors: [], violations: [], foreign: [] });
  }
}
