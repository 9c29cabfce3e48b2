// A browser without a screen: it keeps cookies, follows redirects, and sends the forms of pages.

import { request } from 'node:https';

/** A page as a browser shows it. */
export interface ShownPage {
  readonly status: number;
  /** The address, after redirects. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

const redirectCountMax = 10;

/** A browser that trusts one authority. */
export class Browser {
  readonly #ca: string;
  /** By origin and name. */
  readonly #cookies = new Map<string, Map<string, string>>();

  constructor(ca: string) {
    this.#ca = ca;
  }

  /** The cookies of an origin. */
  cookiesOf(url: string): ReadonlyMap<string, string> {
    return this.#cookies.get(new URL(url).origin) ?? new Map();
  }

  /** Opens a page. Stops before a redirect that leads to plain HTTP, whose address it returns. */
  async open(url: string): Promise<ShownPage> {
    return this.#follow(await this.#send('GET', url));
  }

  /**
   * Sends the form of a page.
   *
   * @param values what the person typed, and the button; they replace hidden values
   */
  async submit(
    page: ShownPage,
    values: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ShownPage> {
    const action = /<form method="post" action="([^"]+)">/.exec(page.text)?.[1];
    if (action === undefined) throw new Error(`there is no form: ${page.text}`);
    const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)];
    const form = new URLSearchParams({
      ...Object.fromEntries(hidden.map(([, name, value]) => [name, value])),
      ...values,
    });
    const url = new URL(action, page.url);
    const all = { Origin: url.origin, ...headers };
    return this.#follow(await this.#send('POST', url.href, form.toString(), all));
  }

  /** Follows the only link of a page to another place than the start. */
  async click(page: ShownPage, path: string): Promise<ShownPage> {
    if (!page.text.includes(`href="${path}"`)) throw new Error(`there is no link: ${page.text}`);
    return this.open(new URL(path, page.url).href);
  }

  async #follow(first: ShownPage): Promise<ShownPage> {
    let page = first;
    for (let count = 0; count < redirectCountMax; count += 1) {
      const { location } = page.headers;
      if (page.status < 300 || page.status >= 400 || typeof location !== 'string') return page;
      const next = new URL(location, page.url);
      if (next.protocol === 'http:') return { ...page, url: next.href };
      page = await this.#send('GET', next.href);
    }
    throw new Error('there are too many redirects');
  }

  #send(
    method: string,
    url: string,
    body?: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ShownPage> {
    const cookie = [...this.cookiesOf(url)].map(([name, value]) => `${name}=${value}`).join('; ');
    const all = {
      Accept: 'text/html',
      ...(cookie !== '' && { Cookie: cookie }),
      ...(body !== undefined && {
        'Content-Type': 'application/x-www-form-urlencoded',
        'Content-Length': String(body.length),
      }),
      ...headers,
    };
    return new Promise((resolve, reject) => {
      const sent = request(
        url,
        { method, headers: all, ca: this.#ca, agent: false },
        (response) => {
          this.#keepCookies(url, response.headers['set-cookie'] ?? []);
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => {
            text += part;
          });
          response.on('error', reject);
          response.on('end', () => {
            resolve({ status: response.statusCode ?? 0, url, headers: response.headers, text });
          });
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  #keepCookies(url: string, lines: readonly string[]): void {
    const { origin } = new URL(url);
    const own = this.#cookies.get(origin) ?? new Map<string, string>();
    this.#cookies.set(origin, own);
    for (const line of lines) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/Max-Age=0/.test(line)) own.delete(name);
      else own.set(name, value);
    }
  }
}
