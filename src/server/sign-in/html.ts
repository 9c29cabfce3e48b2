// HTML of the sign-in pages. Every value is escaped where it is inserted.

import type { HttpResponse } from '../../net/http/message.ts';

/** A piece of HTML whose values are escaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Builds HTML. Values are escaped, unless they are HTML already. Undefined inserts nothing. */
export function html(
  parts: TemplateStringsArray,
  ...values: readonly (string | Html | undefined)[]
): Html {
  const texts = values.map((value) => (value instanceof Html ? value.text : escaped(value ?? '')));
  return new Html(String.raw({ raw: parts }, ...texts));
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** The targets of forms, for the Content-Security-Policy: browsers check redirects after forms too. */
const formTargets = { own: "'self'", withLoopback: "'self' http://127.0.0.1:*" } as const;

/** Headers of all pages. The pages have no script, no style and no images. */
function headersOf(target: keyof typeof formTargets): Readonly<Record<string, string>> {
  const policy = `default-src 'none'; form-action ${formTargets[target]}; base-uri 'none'; frame-ancestors 'none'`;
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    'Content-Security-Policy': policy,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    // Without a referrer, browsers would send forms without their origin.
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
  };
}

/** A page. */
export interface Page {
  readonly status?: number;
  readonly title: string;
  readonly body: Html;
  /** Whether a form of the page leads to the person's own machine. */
  readonly leadsToLoopback?: boolean;
  readonly cookie?: string;
}

/** The response with a page. */
export function pageResponse({
  status = 200,
  title,
  body,
  leadsToLoopback,
  cookie,
}: Page): HttpResponse {
  const content = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title} &ndash; Waxwing</title>
</head>
<body>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`;
  const headers = {
    ...headersOf(leadsToLoopback === true ? 'withLoopback' : 'own'),
    ...(cookie !== undefined && { 'Set-Cookie': cookie }),
  };
  return { status, headers, body: content.text };
}

/** A redirect after a form, which the browser follows with GET. */
export function seeOther(location: string, cookie?: string): HttpResponse {
  const headers = {
    ...headersOf('withLoopback'),
    Location: location,
    ...(cookie !== undefined && { 'Set-Cookie': cookie }),
  };
  return { status: 303, headers, body: '' };
}
