// The web console of a broker in a real browser without a screen.

import type { Browser, Page } from 'playwright-core';
import { administrator } from '../management/management-host.ts';
import { BrowserPage } from './browser-page.ts';

/** A broker with a console. */
interface ConsoleHost {
  readonly managementPort: number;
  /** By default, that of the brokers of RabbitMQ's type. */
  readonly brokerName?: string;
}

/** An open page of the console of a broker. */
export class BrokerConsolePage extends BrowserPage {
  readonly #brokerName: string;

  private constructor(page: Page, { managementPort, brokerName = 'managed' }: ConsoleHost) {
    super(page, `https://127.0.0.1:${managementPort}`);
    this.#brokerName = brokerName;
  }

  /** Opens the sign-in page. */
  static async open(
    browser: Browser,
    host: ConsoleHost,
    options: object = {},
  ): Promise<BrokerConsolePage> {
    const made = new BrokerConsolePage(await BrokerConsolePage.newPage(browser, options), host);
    await made.openAt(`${made.url}/`);
    await made.heading('Sign in to the broker').waitFor();
    return made;
  }

  /** Enters a user name and a password. @param user `name:password` */
  async enter(user = administrator): Promise<void> {
    const colon = user.indexOf(':');
    await this.field('User name').fill(user.slice(0, colon));
    await this.field('Password').fill(user.slice(colon + 1));
    await this.button('Sign in').click();
  }

  /** Signs in. */
  async signIn(user = administrator): Promise<void> {
    await this.enter(user);
    await this.shows(this.heading(this.#brokerName));
  }

  /** Opens a page by the parts of its address, and waits for its heading. */
  async go(heading: string | RegExp, ...parts: readonly string[]): Promise<void> {
    await this.page.goto(`${this.url}/#/${parts.map(encodeURIComponent).join('/')}`);
    await this.shows(this.heading(heading));
  }

  /** Presses a button of the dialog. */
  async confirm(name: string): Promise<void> {
    await this.page.getByRole('dialog').getByRole('button', { name, exact: true }).click();
  }

  /** Chooses a value of a list. */
  async choose(field: string, option: string | RegExp): Promise<void> {
    await this.page.getByRole('button', { name: new RegExp(`^${field} `) }).click();
    await this.page.getByRole('option', { name: option }).click();
  }

  /** Waits for a message to the person. */
  async told(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).filter({ visible: true }).first().waitFor();
  }
}
