// The frame of every page.

import { createHash } from 'node:crypto';
import { encodeText } from '../../base/byte-text.ts';
import { escaped } from '../listing/markup.ts';

const style = `body{font:1rem/1.5 system-ui,sans-serif;max-width:72rem;margin:0 auto;padding:1rem;color:#1b1b1b;background:#fff}
a{color:#0b57a4}a:focus,button:focus,input:focus{outline:3px solid #0b57a4;outline-offset:2px}
table{border-collapse:collapse;width:100%}caption{text-align:left;font-weight:600;padding:.5rem 0}
th,td{border-bottom:1px solid #767676;padding:.35rem .6rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
dt{font-weight:600}dd{margin:0 0 .4rem}form{display:inline-block;margin:.4rem 1rem .4rem 0}
button,input{font:inherit;padding:.25rem .6rem}`;

/** The only permitted style, for the header `Content-Security-Policy`. */
export const styleSource = `'sha256-${createHash('sha256').update(style).digest('base64')}'`;

/**
 * A page.
 *
 * @param title a text
 * @param content HTML
 */
export function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)} - Waxwing</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
${content}
</main>
</body>
</html>
`;
}

/** A page with one message. */
export function messagePage(title: string, text: string): string {
  return page(title, `<p>${escaped(text)}</p>\n<p><a href="/admin/">Broker</a></p>`);
}

/** The path of the page of a queue. Names are bytes, which need not be UTF-8. */
export function queuePath(name: string): string {
  const encoded = name.isWellFormed()
    ? encodeURIComponent(name)
    : [...encodeText(name)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  return `/admin/queues/${encoded}`;
}

/**
 * A form with one button that performs an action.
 *
 * @param fields hidden ones, by name
 * @param inputs HTML
 */
export function actionForm(
  action: string,
  label: string,
  fields: Readonly<Record<string, string>>,
  inputs = '',
): string {
  const hidden = Object.entries(fields)
    .map(([name, value]) => `<input type="hidden" name="${name}" value="${escaped(value)}">`)
    .join('');
  return `<form method="post" action="/admin/${action}">${hidden}${inputs}<button>${escaped(label)}</button></form>`;
}
