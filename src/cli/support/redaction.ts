// What of texts may leave the machine in a support bundle.

import { dirname } from 'node:path';
import { logWords } from './log-words.ts';

/** What stands in place of what is left out. */
export const leftOut = '…';

/** Labels of metrics whose values are from lists in this program. */
const openLabels: ReadonlySet<string> = new Set([
  ...['answer', 'category', 'kind', 'le', 'level', 'outcome', 'protocol', 'quantile', 'reason'],
  ...['state', 'status', 'type', 'version'],
]);

/** Names that are replaced wherever they are, by what stands for them. */
export class Redactor {
  readonly #names: readonly (readonly [name: string, substitute: string])[];
  readonly #paths: readonly string[];
  /** Substitutes of label values, by label and value. */
  readonly #labels = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  /**
   * @param names substitutes by name; empty names are ignored
   * @param paths absolute paths that texts may contain: the end of one with spaces is unknown
   */
  constructor(names: ReadonlyMap<string, string>, paths: readonly string[] = []) {
    this.#paths = [...new Set(paths.flatMap(withParents))].sort((a, b) => b.length - a.length);
    // The longest first, because a name may contain another one.
    this.#names = [...names]
      .filter(([name]) => name !== '')
      .sort(([one], [other]) => other.length - one.length);
  }

  /** Replaces names, hosts in addresses, and paths outside of `/usr` and `/opt` in a text of this program. */
  text(text: string): string {
    let replaced = text;
    for (const path of this.#paths) replaced = replaced.replaceAll(path, '/path');
    replaced = replaced
      .replaceAll(/([a-z][a-z0-9+]{1,20}:\/\/)[^\s/:,"]+/g, '$1<host>')
      .replaceAll(/(?<![\w/<:>~.])\/(?!usr\/|opt\/)[^\s:,;"']+/g, '<path>');
    for (const [name, substitute] of this.#names) replaced = replaced.replaceAll(name, substitute);
    return replaced;
  }

  /**
   * Replaces the values of labels in metrics of Prometheus's text format, except those from lists of
   * this program. The same value of the same label gets the same substitute, such as `queue-2`.
   */
  metrics(text: string): string {
    return text.replaceAll(
      /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\.)*)"/g,
      (whole, label: string, value: string) =>
        openLabels.has(label) ? whole : `${label}="${this.#substitute(label, value)}"`,
    );
  }

  #substitute(label: string, value: string): string {
    const known = this.#names.find(([name]) => name === value);
    if (known) return known[1];
    const key = `${label} ${value}`;
    const found = this.#labels.get(key);
    if (found !== undefined) return found;
    const count = (this.#counts.get(label) ?? 0) + 1;
    this.#counts.set(label, count);
    const made = `${label}-${count}`;
    this.#labels.set(key, made);
    return made;
  }
}

/** A path and the folders above it, except those that are found in texts anyway. */
function withParents(path: string): string[] {
  const above = dirname(path);
  if (above === path) return [];
  return [...(/[\s:,;"']/.test(path) ? [path] : []), ...withParents(above)];
}

/** The date at the beginning of lines of both layouts. */
const lineDate = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.,]\d{3,6}(?:[+-]\d\d:\d\d)?(?= )/;

/**
 * Leaves in a line of a broker's log only the words of this program's own texts, numbers of up to
 * five digits, and dates at its beginning. Names, addresses and everything else become `…`.
 */
export function redactLogLine(line: string): string {
  const [date = ''] = lineDate.exec(line) ?? [];
  const rest = line.slice(date.length);
  const words = rest
    .split(/([\s()[\]|,:;]+)/)
    .map((part, at) => (at % 2 === 1 || isOpen(part) ? part : leftOut));
  return `${date}${words.join('')}`.replaceAll(/\u2026(?:[\s,:;]*\u2026)+/g, leftOut);
}

function isOpen(word: string): boolean {
  if (word === '' || /^[0-9]{1,5}[.]?$/.test(word) || /^<0\.[0-9]{1,10}\.0>$/.test(word))
    return true;
  return logWords.has(word.toLowerCase().replace(/[.]$/, ''));
}
