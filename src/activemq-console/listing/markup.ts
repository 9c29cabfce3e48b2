// Texts in XML and HTML.

import { printable } from '../../base/byte-text.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#034;',
  "'": '&#039;',
};

/**
 * Escapes a text for elements and attributes, as ActiveMQ's pages do. Characters that are not
 * permitted in XML, or that change the direction of text, are written as `\x00` or `\u202e`.
 */
export function escaped(text: string): string {
  // The only two code points beyond those that `printable` replaces.
  const shown = printable(text).replace(/[\ufffe\uffff]/g, '\ufffd');
  return shown.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
